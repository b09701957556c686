"""COCO average precision and recall (Lin et al. 2014), in NumPy.

Per image and class the best `max_detections` boxes, best first, each take the free ground truth they overlap most, if
the IoU reaches the threshold; precision is made monotone and read at 101 recalls.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray, IntArray, iou_xyxy
from hemascope.core.detections import Detections

COCO_THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """Boxes `(n, 4)` xyxy and class ids `(n,)` of one image, in the pixels of its detections."""

    boxes_xyxy: FloatArray
    class_ids: IntArray


@dataclass(frozen=True, slots=True)
class ClassMatches:
    """All detections of one class over all images, best score first; `is_true (thresholds, n)`."""

    scores: FloatArray
    is_true: NDArray[np.bool_]
    truths: int
    thresholds: tuple[float, ...]

    def precision_recall(self, threshold: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Precision and recall after each detection `(n,)` at one IoU threshold."""
        true = np.cumsum(self.is_true[self.thresholds.index(threshold)])
        return true / np.arange(1, len(true) + 1), true / max(self.truths, 1)

    def average_precision(self, threshold: float) -> float:
        """101-point interpolated; NaN when the class has no ground truth."""
        if self.truths == 0:
            return float("nan")
        precision, recall = self.precision_recall(threshold)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        index = np.searchsorted(recall, _RECALLS, side="left")
        return float(np.append(envelope, 0.0)[np.minimum(index, len(envelope))].mean())

    def recall(self, threshold: float) -> float:
        """Share of ground truth found by all detections; NaN without ground truth."""
        if self.truths == 0:
            return float("nan")
        return float(self.is_true[self.thresholds.index(threshold)].sum() / self.truths)

    def best_f1(self, threshold: float, within: float = 0.0) -> tuple[float, float, float, float]:
        """Score at which F1 is best, with precision, recall and F1 there; zeros without detections.

        With `within` the lowest score at which F1 is no more than that below the best.
        """
        if not len(self.scores) or self.truths == 0:
            return 0.0, 0.0, 0.0, 0.0
        precision, recall = self.precision_recall(threshold)
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
        chosen = int(np.flatnonzero(f1 >= f1.max() - within)[-1]) if within else int(f1.argmax())
        return float(self.scores[chosen]), float(precision[chosen]), float(recall[chosen]), float(f1[chosen])


def match_class(
    predictions: Sequence[Detections],
    truths: Sequence[GroundTruth],
    class_id: int,
    thresholds: tuple[float, ...] = COCO_THRESHOLDS,
    max_detections: int = 300,
) -> ClassMatches:
    """Match one class over images given in the same order."""
    scores: list[FloatArray] = []
    is_true: list[NDArray[np.bool_]] = []
    total = 0
    for prediction, truth in zip(predictions, truths, strict=True):
        mine = np.flatnonzero(prediction.class_ids == class_id)
        mine = mine[np.argsort(-prediction.scores[mine], kind="stable")][:max_detections]
        boxes = truth.boxes_xyxy[truth.class_ids == class_id]
        total += len(boxes)
        scores.append(prediction.scores[mine])
        is_true.append(match_boxes(prediction.boxes_xyxy[mine], boxes, thresholds) >= 0)
    all_scores = np.concatenate(scores) if scores else np.zeros(0, np.float32)
    all_true = np.concatenate(is_true, axis=1) if is_true else np.zeros((len(thresholds), 0), bool)
    order = np.argsort(-all_scores, kind="stable")
    return ClassMatches(all_scores[order], all_true[:, order], total, thresholds)


def mean_over_classes(values: Sequence[float]) -> float:
    """Mean over the classes that have ground truth, whose value is not NaN; NaN when none has."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def match_boxes(boxes_xyxy: FloatArray, truth_xyxy: FloatArray, thresholds: tuple[float, ...]) -> IntArray:
    """Which truth each box `(n, 4)`, best score first, takes at each IoU: `(thresholds, n)` indices, -1 for none."""
    taken = np.full((len(thresholds), len(boxes_xyxy)), -1, np.int64)
    if not len(truth_xyxy):
        return taken
    iou = iou_xyxy(boxes_xyxy.astype(np.float64), truth_xyxy.astype(np.float64))
    least = np.minimum(thresholds, 1 - 1e-10)
    row = np.arange(len(thresholds))
    free = np.ones((len(thresholds), len(truth_xyxy)), bool)
    for d in np.flatnonzero(iou.max(axis=1) >= least.min()):
        overlap = np.where(free, iou[d], -1.0)
        best = len(truth_xyxy) - 1 - overlap[:, ::-1].argmax(axis=1)  # the last of equals, as the COCO tools choose
        is_true = overlap[row, best] >= least
        taken[is_true, d] = best[is_true]
        free[row, best] &= ~is_true
    return taken
