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


@dataclass(frozen=True, slots=True)
class BoxVoting:
    """Box voting (Gidaris and Komodakis 2015, section 4.3): the candidates that NMS drops still say where a cell ends.

    A kept box becomes the mean of its class's candidates that overlap it by `min_iou` (0..1) or more, itself included,
    weighted by score to the `power` (0 or more). Scores and the number of boxes stay as they are. Raises ValueError
    for settings outside of these ranges.
    """

    min_iou: float = 0.65
    power: float = 3.0

    def __post_init__(self) -> None:
        if not 0 <= self.min_iou <= 1 or self.power < 0:
            raise ValueError(f"expected min_iou in 0..1 and power from 0 on, got {self.min_iou} and {self.power}")

    def __call__(self, kept: Detections, candidates: Detections) -> Detections:
        is_voter = iou_xyxy(kept.boxes_xyxy, candidates.boxes_xyxy) >= self.min_iou
        is_voter &= kept.class_ids[:, None] == candidates.class_ids[None, :]
        scores = np.maximum(candidates.scores.astype(np.float64), 1e-6)  # a box of score 0 still has its own vote
        weights = np.where(is_voter, scores**self.power, 0)
        boxes = weights @ candidates.boxes_xyxy / weights.sum(axis=1, keepdims=True)
        return Detections(boxes.astype(np.float32), kept.scores, kept.class_ids)


def select_detections(
    boxes_xyxy: FloatArray,
    scores: FloatArray,
    *,
    thresholds: FloatArray,
    nms_iou: float,
    max_candidates: int,
    max_detections: int,
    box_voting: BoxVoting | None = None,
) -> Detections:
    """Best boxes of `(anchors, 4)` with `scores` `(anchors, classes)`, class-aware NMS applied, best score first.

    A pair (anchor, class) is a candidate when its score reaches the class's entry of `thresholds` `(classes,)`; the
    best `max_candidates` enter NMS and the best `max_detections` leave it, moved by `box_voting` where given. Empty
    boxes are dropped.
    """
    size = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    solid = (size[:, 0] > 0) & (size[:, 1] > 0)
    anchor_index, class_ids = np.nonzero((scores >= thresholds) & solid[:, None])
    candidate_scores = scores[anchor_index, class_ids]
    best = np.argsort(-candidate_scores, kind="stable")[:max_candidates]
    candidates = Detections(
        boxes_xyxy[anchor_index[best]], candidate_scores[best], class_ids[best].astype(np.int64, copy=False)
    )
    kept = suppress(candidates, nms_iou, max_detections)
    return kept if box_voting is None else box_voting(kept, candidates)


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
