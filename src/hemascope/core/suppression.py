"""From a network's dense boxes and scores to the detections of one input; validation and serving share it."""

import numpy as np

from hemascope.core.boxes import FloatArray, nms_xyxy
from hemascope.core.detections import Detections


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
