"""From a network's dense boxes and scores to the detections of one input; validation and serving share it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hemascope.core.boxes import FloatArray, IntArray, iou_xyxy, nms_xyxy
from hemascope.core.detections import Detections

Decay = Callable[[FloatArray], FloatArray]
"""Overlap with a better box (0..1) to the factor (0..1) that the weaker box's score is multiplied by."""


@dataclass(frozen=True, slots=True)
class LinearDecay:
    """Soft-NMS of Bodla et al. 2017, equation 2: from an IoU on, the score falls by the overlap."""

    from_iou: float = 0.3

    def __call__(self, iou: FloatArray) -> FloatArray:
        return np.where(iou >= self.from_iou, 1 - iou, 1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class GaussianDecay:
    """Soft-NMS of Bodla et al. 2017, equation 3; a small `sigma` (above 0) comes near to hard suppression."""

    sigma: float = 0.5

    def __call__(self, iou: FloatArray) -> FloatArray:
        factor: FloatArray = np.exp(-(iou**2) / np.float32(self.sigma))
        return factor


def select_detections(
    boxes_xyxy: FloatArray,
    scores: FloatArray,
    *,
    thresholds: FloatArray,
    nms_iou: float,
    max_candidates: int,
    max_detections: int,
) -> Detections:
    """Best boxes of `(anchors, 4)` with `scores` `(anchors, classes)`, class-aware NMS applied, best score first.

    A pair (anchor, class) is a candidate when its score reaches the class's entry of `thresholds` `(classes,)`; the
    best `max_candidates` enter NMS and the best `max_detections` leave it. Empty boxes are dropped.
    """
    size = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    solid = (size[:, 0] > 0) & (size[:, 1] > 0)
    anchor_index, class_ids = np.nonzero((scores >= thresholds) & solid[:, None])
    candidate_scores = scores[anchor_index, class_ids]
    best = np.argsort(-candidate_scores, kind="stable")[:max_candidates]
    boxes = boxes_xyxy[anchor_index[best]]
    kept = nms_xyxy(boxes, candidate_scores[best], class_ids[best], nms_iou)[:max_detections]
    return Detections(boxes[kept], candidate_scores[best][kept], class_ids[best][kept].astype(np.int64))


def suppress(candidates: Detections, nms_iou: float, max_detections: int) -> Detections:
    """What hard class-aware NMS leaves of overlapping candidates, best score first."""
    kept = nms_xyxy(candidates.boxes_xyxy, candidates.scores, candidates.class_ids, nms_iou)
    return candidates.select(kept[:max_detections])


def soft_suppress(candidates: Detections, decay: Decay, thresholds: FloatArray, max_detections: int) -> Detections:
    """What Soft-NMS leaves (Bodla et al. 2017, figure 2), with the decayed scores, best first.

    Every box lowers the scores of its class's weaker ones by `decay`; a box whose score falls below its class's entry
    of `thresholds` `(classes,)` is dropped. Equal scores keep their given order. Memory grows with candidates squared.
    """
    boxes, class_ids = candidates.boxes_xyxy, candidates.class_ids
    same_class = class_ids[:, None] == class_ids[None, :]
    factors = np.where(same_class, decay(iou_xyxy(boxes, boxes)), np.float32(1))
    scores = candidates.scores.copy()
    least = thresholds[class_ids]
    is_waiting = np.ones(len(scores), bool)
    kept: list[int] = []
    while is_waiting.any() and len(kept) < max_detections:
        best = int(np.where(is_waiting, scores, -1).argmax())
        is_waiting[best] = False
        if scores[best] >= least[best]:
            kept.append(best)
            scores[is_waiting] *= factors[best, is_waiting]
    index: IntArray = np.array(kept, np.int64)
    return Detections(boxes[index], scores[index], class_ids[index])
