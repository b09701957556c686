"""What calibration, thresholds and sets are worth on cells that they were not fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.core.manifest import ClassificationSettings
from hemascope.core.metrics.calibration import (
    brier_score,
    classwise_calibration_error,
    expected_calibration_error,
    softmax,
)
from hemascope.data.splits import assign_groups
from hemascope.evaluation.classification import ClassificationEvaluation
from hemascope.evaluation.thresholds import DEFAULT_TOLERANCE, ToleratedErrors, classification_thresholds
from hemascope.inference.classifier import ClassifiedCells

REPEATS = 10
_HALVES = {"first": 0.5, "second": 0.5}


@dataclass(frozen=True, slots=True)
class HeldOutFigures:
    """Means over halves of the cells, each measured with what was fitted on the other half."""

    ece_before: float  # temperature 1
    ece_after: float
    classwise_before: float
    classwise_after: float
    brier_before: float
    brier_after: float
    identified_share: float  # of cells, with the thresholds by class
    identified_error: float  # share of wrong names among them
    set_coverage: float  # share of sets that hold the true class
    set_size: float  # classes in a set


@dataclass(frozen=True, slots=True)
class ClassCoverage:
    """The conformal sets of one class's cells; NaN where it has none."""

    class_id: str
    cells: int
    coverage: float  # mean over the halves
    spread: float  # standard deviation over the halves, of which each has half of the cells
    set_size: float
    single_share: float  # of sets that hold one class only
    identified_share: float
    identified_error: float  # among identified cells that were named so


@dataclass(frozen=True, slots=True)
class HeldOut:
    """`probabilities` `(n, classes)` are calibrated by cells of other groups, in the first division."""

    measurements: int
    figures: HeldOutFigures
    classes: tuple[ClassCoverage, ...]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Half:
    """One half, judged by settings that the other half gave."""

    labels: IntArray
    cells: ClassifiedCells
    sets: NDArray[np.bool_]
    figures: HeldOutFigures


def measure_held_out(
    evaluation: ClassificationEvaluation,
    repeats: int = REPEATS,
    tolerated: ToleratedErrors = DEFAULT_TOLERANCE,
) -> HeldOut | None:
    """Divide the cells by group in two halves with like classes, `repeats` times, and use each to judge the other.

    None where there are fewer than two groups, or none of them can be divided so.
    """
    if len(set(evaluation.groups)) < 2:
        return None
    logits, labels = evaluation.logits, evaluation.labels
    counts = np.eye(len(evaluation.classes), dtype=np.int64)[labels]
    halves: list[_Half] = []
    held_out = np.zeros(logits.shape)
    for seed in range(repeats):
        parts = np.array(assign_groups(evaluation.groups, counts, _HALVES, seed))
        for name in _HALVES:
            fit, test = parts != name, parts == name
            settings = _fitted(logits[fit], labels[fit], evaluation, tolerated)
            halves.append(_judge(logits[test], labels[test], settings, evaluation.classes))
            if seed == 0:
                held_out[test] = halves[-1].cells.probabilities
    means = np.mean([_values(half.figures) for half in halves], axis=0)
    classes = tuple(_class_coverage(halves, i, name, labels) for i, name in enumerate(evaluation.classes))
    return HeldOut(len(halves), HeldOutFigures(*means.tolist()), classes, held_out)


def _fitted(
    logits: FloatArray, labels: IntArray, evaluation: ClassificationEvaluation, tolerated: ToleratedErrors
) -> ClassificationSettings:
    """Settings of these cells alone; what tells strange cells has no part in it."""
    plain = ClassificationSettings(crop_context=evaluation.settings.crop_context)
    fitted = classification_thresholds(logits, labels, plain, evaluation.classes, tolerated)
    return fitted.model_copy(update={"min_logsumexp": None})


def _judge(logits: FloatArray, labels: IntArray, settings: ClassificationSettings, classes: tuple[str, ...]) -> _Half:
    assert settings.conformal is not None
    cells = ClassifiedCells.from_logits(logits, settings, classes)
    sets = cells.possible(settings.conformal)
    before, after = softmax(logits), cells.probabilities.astype(np.float64)
    kept, is_right = ~cells.unidentified, after.argmax(axis=1) == labels
    figures = HeldOutFigures(
        ece_before=expected_calibration_error(before, labels),
        ece_after=expected_calibration_error(after, labels),
        classwise_before=classwise_calibration_error(before, labels),
        classwise_after=classwise_calibration_error(after, labels),
        brier_before=brier_score(before, labels),
        brier_after=brier_score(after, labels),
        identified_share=float(kept.mean()),
        identified_error=_share(~is_right, kept),
        set_coverage=float(sets[np.arange(len(labels)), labels].mean()),
        set_size=float(sets.sum(axis=1).mean()),
    )
    return _Half(labels, cells, sets, figures)


def _class_coverage(halves: Sequence[_Half], index: int, name: str, labels: IntArray) -> ClassCoverage:
    rows = []
    for half in halves:
        own, kept = half.labels == index, ~half.cells.unidentified
        named = half.cells.probabilities.argmax(axis=1) == index
        sizes = half.sets.sum(axis=1)
        rows.append(
            (
                _share(half.sets[:, index], own),
                float(sizes[own].mean()) if own.any() else float("nan"),
                _share(sizes == 1, own),
                _share(kept, own),
                _share(~own, named & kept),
            )
        )
    values = np.array(rows)
    coverage, size, single, identified, error = (_mean(column) for column in values.T)
    known = values[~np.isnan(values[:, 0]), 0]
    spread = float(known.std()) if len(known) else float("nan")
    return ClassCoverage(name, int((labels == index).sum()), coverage, spread, size, single, identified, error)


def _values(figures: HeldOutFigures) -> list[float]:
    return [getattr(figures, name) for name in HeldOutFigures.__slots__]


def _share(chosen: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return float(chosen[among].mean()) if among.any() else float("nan")


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
