"""Axis-aligned boxes as float arrays `(n, 4)`; every name says its format.

xyxy is `x1, y1, x2, y2` in pixels with the origin at the outer corner of the first pixel, so width is `x2 - x1`
(no "+ 1") and the box of a whole image is `0, 0, width, height`.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
_NMS_BLOCK = 256  # boxes compared with all others at once; bounds memory, and later blocks are smaller


def cxcywh_to_xyxy(boxes_cxcywh: FloatArray) -> FloatArray:
    """Centre, width, height `(n, 4)` to corners `(n, 4)`."""
    half = boxes_cxcywh[:, 2:] / 2
    return np.concatenate([boxes_cxcywh[:, :2] - half, boxes_cxcywh[:, :2] + half], axis=1)


def xyxy_to_cxcywh(boxes_xyxy: FloatArray) -> FloatArray:
    """Corners `(n, 4)` to centre, width, height `(n, 4)`."""
    size = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    return np.concatenate([boxes_xyxy[:, :2] + size / 2, size], axis=1)


def xyxy_to_xywh(boxes_xyxy: FloatArray) -> FloatArray:
    """Corners `(n, 4)` to left, top, width, height `(n, 4)`, the form COCO files use."""
    return np.concatenate([boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]], axis=1)


def clip_xyxy(boxes_xyxy: FloatArray, width: float, height: float) -> FloatArray:
    """Boxes cut at the borders of a `width` x `height` image; a box wholly outside becomes empty."""
    return np.clip(boxes_xyxy, 0, np.array([width, height, width, height], dtype=boxes_xyxy.dtype))


def area_xyxy(boxes_xyxy: FloatArray) -> FloatArray:
    """Areas `(n,)` in square pixels; inverted boxes count as empty."""
    size = np.clip(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0, None)
    area: FloatArray = size[:, 0] * size[:, 1]
    return area


def intersection_xyxy(a_xyxy: FloatArray, b_xyxy: FloatArray) -> FloatArray:
    """Common area of every pair in square pixels: `(n, 4)` and `(m, 4)` give `(n, m)`."""
    ax1, ay1, ax2, ay2 = a_xyxy.T[:, :, None]
    bx1, by1, bx2, by2 = b_xyxy.T[:, None, :]
    width = np.minimum(ax2, bx2) - np.maximum(ax1, bx1)
    height = np.minimum(ay2, by2) - np.maximum(ay1, by1)
    area: FloatArray = np.clip(width, 0, None) * np.clip(height, 0, None)
    return area


def iou_xyxy(a_xyxy: FloatArray, b_xyxy: FloatArray) -> FloatArray:
    """Intersection over union of every pair: `(n, 4)` and `(m, 4)` give `(n, m)` in 0..1 (0 for two empty boxes)."""
    intersection = intersection_xyxy(a_xyxy, b_xyxy)
    union = area_xyxy(a_xyxy)[:, None] + area_xyxy(b_xyxy)[None, :] - intersection
    iou: FloatArray = np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)
    return iou


def nms_xyxy(boxes_xyxy: FloatArray, scores: FloatArray, class_ids: IntArray, iou_threshold: float) -> IntArray:
    """Indices kept by greedy class-aware non-maximum suppression, best score first.

    A box is dropped when a kept box of the same class overlaps it by more than `iou_threshold` (0..1).
    Equal scores keep their given order, so the result does not depend on the sort.
    """
    rest = np.argsort(-scores, kind="stable")
    kept = []
    while rest.size:
        block = rest[:_NMS_BLOCK]
        drops = iou_xyxy(boxes_xyxy[block], boxes_xyxy[rest]) > iou_threshold
        drops &= class_ids[block][:, None] == class_ids[rest]
        alive = np.ones(len(rest), dtype=bool)
        for row, index in enumerate(block):
            if alive[row]:
                kept.append(index)
                alive[drops[row]] = False
        rest = rest[len(block) :][alive[len(block) :]]
    return np.array(kept, dtype=np.int64)
