"""Two classifiers on the same cells."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import IntArray
from hemascope.core.metrics.calibration import expected_calibration_error
from hemascope.core.metrics.paired import mcnemar_test
from hemascope.data.sample import CellDataset
from hemascope.data.versions import DatasetVersion
from hemascope.evaluation.classification import name_cells
from hemascope.evaluation.gate import (
    Check,
    ClassDifference,
    ComparedModel,
    Comparison,
    Figure,
    FrozenData,
    GateSettings,
    class_check,
    lower_limit,
)
from hemascope.inference.classifier import Classifier


@dataclass(frozen=True, slots=True)
class _Answers:
    """Of one model: is each cell `(n,)` named rightly, and the calibration error over all."""

    is_right: NDArray[np.bool_]
    calibration_error: float


def compare_classifiers(
    old: Classifier,
    new: Classifier,
    dataset: CellDataset,
    version: DatasetVersion,
    part: str,
    settings: GateSettings,
    progress: Callable[[str, int, int], None],
) -> Comparison:
    """The new model passes when it is not significantly worse overall (McNemar), when no class's recall may lie more
    than the margin below, and when its probabilities can be believed as before.

    A cell of a class that a model cannot name is named wrongly.
    """
    first, second = (_answers(model, dataset, progress) for model in (old, new))
    groups = [sample.group for sample in dataset.samples]
    truth = dataset.labels()
    rows = tuple(
        _recall(class_index, class_id, truth, (first, second), groups, settings)
        for class_index, class_id in enumerate(dataset.classes)
        if (truth == class_index).any()
    )
    checks = (_mcnemar(first, second, settings), class_check(rows, settings), _calibration(first, second, settings))
    return Comparison(
        task="classification",
        old=ComparedModel.of(old.manifest),
        new=ComparedModel.of(new.manifest),
        data=FrozenData.of(version, part, len(truth)),
        settings=settings,
        figures={
            "accuracy": (float(first.is_right.mean()), float(second.is_right.mean())),
            "ece": (first.calibration_error, second.calibration_error),
        },
        classes=rows,
        checks=checks,
        passed=all(check.passed for check in checks),
    )


def _answers(model: Classifier, dataset: CellDataset, progress: Callable[[str, int, int], None]) -> _Answers:
    cells = name_cells(model, dataset, progress)
    index = {name: i for i, name in enumerate(model.classes)}
    labels = np.array([index.get(sample.label, -1) for sample in dataset.samples], np.int64)
    is_right = cells.probabilities.argmax(axis=1) == labels
    return _Answers(is_right, expected_calibration_error(cells.probabilities.astype(np.float64), labels))


def _recall(
    class_index: int,
    class_id: str,
    truth: IntArray,
    answers: tuple[_Answers, _Answers],
    groups: list[str],
    settings: GateSettings,
) -> ClassDifference:
    mine = np.flatnonzero(truth == class_index)
    old, new = (one.is_right[mine] for one in answers)
    return ClassDifference(
        class_id=class_id,
        figure="recall",
        cells=len(mine),
        old=float(old.mean()),
        new=float(new.mean()),
        lower=lower_limit(_share(old), _share(new), [groups[i] for i in mine], settings),
        is_judged=len(mine) >= settings.min_cells,
    )


def _share(is_right: NDArray[np.bool_]) -> Figure:
    return lambda rows: float(is_right[rows].mean())


def _mcnemar(old: _Answers, new: _Answers, settings: GateSettings) -> Check:
    found = mcnemar_test(old.is_right, new.is_right)
    is_worse = found.only_first > found.only_second and found.p_value < 1 - settings.confidence
    told = (
        f"{found.only_second} cells are right now that were wrong, {found.only_first} the other way round, "
        f"p {found.p_value:.2g}"
    )
    return Check(name="mcnemar", passed=not is_worse, reason=told)


def _calibration(old: _Answers, new: _Answers, settings: GateSettings) -> Check:
    passed = new.calibration_error <= old.calibration_error + settings.calibration_margin
    told = f"calibration error {old.calibration_error:.3f} to {new.calibration_error:.3f}"
    return Check(name="calibration", passed=passed, reason=f"{told}, allowed growth {settings.calibration_margin:g}")
