"""A detection bundle on annotated fields: COCO figures by class and by source."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import iou_xyxy
from hemascope.core.detections import Detections
from hemascope.core.metrics.average_precision import (
    COCO_THRESHOLDS,
    ClassMatches,
    GroundTruth,
    match_class,
    mean_over_classes,
)
from hemascope.data.sample import FieldDataset
from hemascope.errors import DatasetError
from hemascope.imaging.decode import open_image
from hemascope.inference.detector import Detector

SCORE_FLOOR = 0.02  # boxes below it cannot change AP; the bundle's own thresholds would cut the curve short


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """Figures of one class on one part of the data; NaN where the part has no such cell."""

    source: str  # "all" or the name of a source
    class_id: str
    truths: int
    ap: float  # mean over IoU 0.50..0.95
    ap50: float
    ap75: float
    ap90: float
    recall50: float
    recall75: float
    best_f1: float  # at IoU 0.50
    best_precision: float
    best_recall: float
    best_threshold: float  # score at which F1 is best


@dataclass(frozen=True, slots=True)
class DetectionEvaluation:
    """Everything measured; `predictions` and `truths` are in the order of the dataset's samples."""

    dataset: FieldDataset
    predictions: tuple[Detections, ...]
    rows: tuple[DetectionRow, ...]

    def row(self, class_id: str, source: str = "all") -> DetectionRow:
        return next(r for r in self.rows if r.class_id == class_id and r.source == source)

    def headline(self) -> dict[str, float]:
        """Mean over classes, then each class, on all sources together."""
        overall = [r for r in self.rows if r.source == "all"]
        values = {
            name: mean_over_classes([getattr(r, name) for r in overall]) for name in ("ap", "ap50", "ap75", "ap90")
        }
        for r in overall:
            values |= {f"{name}_{r.class_id}": getattr(r, name) for name in ("ap", "ap50", "ap75", "ap90")}
        return values

    def matches(self, class_id: str) -> ClassMatches:
        """All detections of a class, for curves."""
        return match_class(self.predictions, _truths(self.dataset), self.dataset.classes.index(class_id))


def evaluate_detector(
    detector: Detector, dataset: FieldDataset, progress: Callable[[str, int, int], None]
) -> DetectionEvaluation:
    """Run the bundle over the fields, as `hemascope detect` would but with the score floor above, and measure.

    Raises DatasetError when the bundle's classes are not the dataset's.
    """
    if detector.classes != dataset.classes:
        raise DatasetError(f"the bundle finds {detector.classes}, the dataset annotates {dataset.classes}")
    predictions = []
    for i, sample in enumerate(dataset.samples, start=1):
        with open_image(sample.path) as source:
            predictions.append(detector.detect(source))
        progress("detect", i, len(dataset.samples))
    rows, all_truths = [], _truths(dataset)
    for source_name in ("all", *sorted({s.source for s in dataset.samples})):
        chosen = [i for i, s in enumerate(dataset.samples) if source_name in ("all", s.source)]
        truths = [all_truths[i] for i in chosen]
        for class_index, class_id in enumerate(dataset.classes):
            matches = match_class([predictions[i] for i in chosen], truths, class_index)
            rows.append(_row(source_name, class_id, matches))
    return DetectionEvaluation(dataset, tuple(predictions), tuple(rows))


def detection_confusion(
    predictions: Sequence[Detections], truths: Sequence[GroundTruth], thresholds: NDArray[np.float32], classes: int
) -> NDArray[np.int64]:
    """Counts `(classes + 1, classes + 1)` at IoU 0.5, whatever the class; last row background, last column missed.

    Detections below their class's entry of `thresholds` `(classes,)` are left out; pairs are matched best IoU first.
    """
    confusion = np.zeros((classes + 1, classes + 1), np.int64)
    for prediction, truth in zip(predictions, truths, strict=True):
        seen = prediction.select(prediction.scores >= thresholds[prediction.class_ids])
        iou = iou_xyxy(truth.boxes_xyxy, seen.boxes_xyxy)
        free_truth, free_seen = set(range(len(truth.class_ids))), set(range(len(seen)))
        for flat in np.argsort(-iou, axis=None, kind="stable"):
            t, d = divmod(int(flat), max(len(seen), 1))
            if iou[t, d] < 0.5:
                break
            if t in free_truth and d in free_seen:
                free_truth.remove(t)
                free_seen.remove(d)
                confusion[truth.class_ids[t], seen.class_ids[d]] += 1
        for t in free_truth:
            confusion[truth.class_ids[t], classes] += 1
        for d in free_seen:
            confusion[classes, seen.class_ids[d]] += 1
    return confusion


def _truths(dataset: FieldDataset) -> list[GroundTruth]:
    return [GroundTruth(s.boxes_xyxy, s.class_ids) for s in dataset.samples]


def _row(source: str, class_id: str, matches: ClassMatches) -> DetectionRow:
    threshold, precision, recall, f1 = matches.best_f1(0.5)
    return DetectionRow(
        source=source,
        class_id=class_id,
        truths=matches.truths,
        ap=float(np.mean([matches.average_precision(t) for t in COCO_THRESHOLDS])),
        ap50=matches.average_precision(0.5),
        ap75=matches.average_precision(0.75),
        ap90=matches.average_precision(0.9),
        recall50=matches.recall(0.5),
        recall75=matches.recall(0.75),
        best_f1=f1,
        best_precision=precision,
        best_recall=recall,
        best_threshold=threshold,
    )
