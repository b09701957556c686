"""Two detectors on the same fields."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hemascope.core.boxes import IntArray
from hemascope.core.detections import Detections
from hemascope.core.metrics.average_precision import ClassMatches, GroundTruth, match_class
from hemascope.data.sample import FieldDataset
from hemascope.data.versions import DatasetVersion
from hemascope.errors import DatasetError
from hemascope.evaluation.detection import MAX_DETECTIONS, detect_fields, fields_for, truths_of
from hemascope.evaluation.gate import (
    ClassDifference,
    ComparedModel,
    Comparison,
    FrozenData,
    GateSettings,
    class_check,
    lower_limit,
)
from hemascope.inference.detector import Detector

_IOU = 0.5


@dataclass(frozen=True, slots=True)
class _ClassFields:
    """Matches of one class, field by field, at IoU 0.5, and the score from which the model reports it."""

    matches: tuple[ClassMatches, ...]
    threshold: float

    def ap50(self, rows: IntArray) -> float:
        """Of the fields with these numbers together."""
        chosen = [self.matches[i] for i in rows]
        scores = np.concatenate([one.scores for one in chosen])
        order = np.argsort(-scores, kind="stable")
        is_true = np.concatenate([one.is_true for one in chosen], axis=1)[:, order]
        truths = sum(one.truths for one in chosen)
        return ClassMatches(scores[order], is_true, truths, (_IOU,)).average_precision(_IOU)

    def f1(self, rows: IntArray) -> float:
        """At the model's own threshold."""
        chosen = [self.matches[i] for i in rows]
        found = sum(int((one.scores >= self.threshold).sum()) for one in chosen)
        true = sum(int(one.is_true[0, one.scores >= self.threshold].sum()) for one in chosen)
        truths = sum(one.truths for one in chosen)
        return 2 * true / (found + truths) if found + truths else float("nan")


def compare_detectors(
    old: Detector,
    new: Detector,
    dataset: FieldDataset,
    version: DatasetVersion,
    part: str,
    settings: GateSettings,
    progress: Callable[[str, int, int], None],
) -> Comparison:
    """The new model passes when of no class that the old one finds AP50 or F1 may lie more than the margin below.

    Both detectors must give boxes from a low score on, as for an evaluation. Raises DatasetError where one finds a
    class that the fields do not have annotated, or the new one misses a class of the old one.
    """
    missing = [name for name in old.classes if name not in new.classes]
    if missing:
        raise DatasetError(f"the new model does not find {', '.join(missing)}, which the old one does")
    sides = [_fields_by_class(model, dataset, progress) for model in (old, new)]
    groups = [sample.group for sample in dataset.samples]
    every = np.arange(len(groups))
    rows = []
    for class_id in old.classes:
        first, second = (side[class_id] for side in sides)
        cells = sum(one.truths for one in first.matches)
        for figure, one, other in (("ap50", first.ap50, second.ap50), ("f1", first.f1, second.f1)):
            if cells:
                rows.append(
                    ClassDifference(
                        class_id=class_id,
                        figure=figure,
                        cells=cells,
                        old=one(every),
                        new=other(every),
                        lower=lower_limit(one, other, groups, settings),
                        is_judged=cells >= settings.min_cells,
                    )
                )
    check = class_check(tuple(rows), settings)
    means = {f: _means([row for row in rows if row.figure == f]) for f in ("ap50", "f1")}
    return Comparison(
        task="detection",
        old=ComparedModel.of(old.manifest),
        new=ComparedModel.of(new.manifest),
        data=FrozenData.of(version, part, len(groups)),
        settings=settings,
        figures=means,
        classes=tuple(rows),
        checks=(check,),
        passed=check.passed,
    )


def _means(rows: Sequence[ClassDifference]) -> tuple[float, float]:
    """Over classes; zeros where there is none."""
    if not rows:
        return 0.0, 0.0
    return float(np.mean([row.old for row in rows])), float(np.mean([row.new for row in rows]))


def _fields_by_class(
    model: Detector, dataset: FieldDataset, progress: Callable[[str, int, int], None]
) -> dict[str, _ClassFields]:
    own = fields_for(model, dataset)
    settings = model.manifest.detection
    assert settings is not None  # a detector has them
    found, truths = detect_fields(model, own, progress), truths_of(own)
    return {
        class_id: _ClassFields(_matches(found, truths, index), settings.threshold_of(class_id))
        for index, class_id in enumerate(model.classes)
    }


def _matches(found: Sequence[Detections], truths: Sequence[GroundTruth], class_index: int) -> tuple[ClassMatches, ...]:
    return tuple(
        match_class([one], [truth], class_index, (_IOU,), MAX_DETECTIONS)
        for one, truth in zip(found, truths, strict=True)
    )
