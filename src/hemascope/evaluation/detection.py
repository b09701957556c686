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
MAX_DETECTIONS = 300  # boxes of a class that count in a field; COCO's 100 would cut fields full of red cells short
_HEADLINE = ("ap", "ap50", "ap75", "ap90", "ar50", "ar75", "ar90")


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """Figures of one class on one part of the data; NaN where the part has no such cell.

    `ar50` to `ar90` are the recall of all boxes handed in, at most `MAX_DETECTIONS` of a class in a field. The thesis
    (table 4.5) counts those with a score above 0.3, at most 100 in a field; no score floor suits several networks.
    """

    source: str  # "all" or the name of a source
    class_id: str
    truths: int
    ap: float  # mean over IoU 0.50..0.95
    ap50: float
    ap75: float
    ap90: float
    ar50: float
    ar75: float
    ar90: float
    best_f1: float  # at IoU 0.50
    best_precision: float
    best_recall: float
    best_threshold: float  # score at which F1 is best


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A class at the score where its F1 at one IoU is best, on all sources (thesis table 4.2); zeros if nothing is."""

    class_id: str
    iou: float
    threshold: float  # the score
    precision: float
    recall: float
    f1: float
    ap: float  # at this IoU; NaN without ground truth


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
        values = {name: mean_over_classes([getattr(r, name) for r in overall]) for name in _HEADLINE}
        for r in overall:
            values |= {f"{name}_{r.class_id}": getattr(r, name) for name in _HEADLINE}
        return values

    def matches(self, class_id: str) -> ClassMatches:
        """All detections of a class, for curves."""
        class_index = self.dataset.classes.index(class_id)
        return match_class(self.predictions, self.truths(), class_index, max_detections=MAX_DETECTIONS)

    def operating_points(self) -> tuple[OperatingPoint, ...]:
        """Class by class, IoU 0.50 to 0.95."""
        points = []
        for class_id in self.dataset.classes:
            matches = self.matches(class_id)
            for iou in matches.thresholds:
                threshold, precision, recall, f1 = matches.best_f1(iou)
                ap = matches.average_precision(iou)
                points.append(OperatingPoint(class_id, iou, threshold, precision, recall, f1, ap))
        return tuple(points)

    def truths(self) -> list[GroundTruth]:
        """Of every sample, in the order of `predictions`."""
        return truths_of(self.dataset)


def evaluate_detector(
    detector: Detector, dataset: FieldDataset, progress: Callable[[str, int, int], None]
) -> DetectionEvaluation:
    """Run the bundle over the fields, as `hemascope detect` would but with the score floor above, and measure.

    A bundle that finds some of the dataset's classes is measured on those. Raises DatasetError when it finds others.
    """
    return measure_detections(fields_for(detector, dataset), detect_fields(detector, dataset, progress))


def fields_for(detector: Detector, dataset: FieldDataset) -> FieldDataset:
    """The dataset with the classes of the bundle, in its order. Raises DatasetError when one is not annotated."""
    if not set(detector.classes) <= set(dataset.classes):
        raise DatasetError(f"the bundle finds {detector.classes}, the dataset annotates {dataset.classes}")
    return dataset.keep_classes(detector.classes)


def detect_fields(
    detector: Detector, dataset: FieldDataset, progress: Callable[[str, int, int], None]
) -> list[Detections]:
    """What the detector finds in every sample, in their order."""
    predictions = []
    for i, sample in enumerate(dataset.samples, start=1):
        with open_image(sample.path) as source:
            predictions.append(detector.detect(source))
        progress("detect", i, len(dataset.samples))
    return predictions


def measure_detections(dataset: FieldDataset, predictions: Sequence[Detections]) -> DetectionEvaluation:
    """Figures of detections made by whatever network, in the order of the samples and with the dataset's class ids.

    Hand in all boxes from a low score on (`SCORE_FLOOR`), or the curves end early. Raises ValueError when predictions
    and samples do not pair up.
    """
    rows, all_truths = [], truths_of(dataset)
    if len(predictions) != len(all_truths):
        raise ValueError(f"{len(predictions)} predictions for {len(all_truths)} fields")
    for source in ("all", *sorted({s.source for s in dataset.samples})):
        chosen = [i for i, s in enumerate(dataset.samples) if source in ("all", s.source)]
        found, truths = [predictions[i] for i in chosen], [all_truths[i] for i in chosen]
        for class_index, class_id in enumerate(dataset.classes):
            matches = match_class(found, truths, class_index, max_detections=MAX_DETECTIONS)
            rows.append(_row(source, class_id, matches))
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


def truths_of(dataset: FieldDataset) -> list[GroundTruth]:
    """The annotations of every sample."""
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
        ar50=matches.recall(0.5),
        ar75=matches.recall(0.75),
        ar90=matches.recall(0.9),
        best_f1=f1,
        best_precision=precision,
        best_recall=recall,
        best_threshold=threshold,
    )
