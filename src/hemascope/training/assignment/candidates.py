"""What every assignment strategy sees of an image, what it answers, and the steps that several of them share."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import box_iou

from hemascope.models.targets import FieldTarget

BACKGROUND = -1  # the anchor learns that there is no cell
IGNORED = -2  # the anchor learns nothing


@dataclass(frozen=True, slots=True)
class ImageCandidates:
    """Anchors of one image and what the network predicts for them: A anchors, C classes, detached, float32."""

    anchors_xyxy: Tensor  # (A, 4) network pixels
    anchors_per_level: tuple[int, ...]  # finest level first
    class_logits: Tensor  # (A, C)
    boxes_xyxy: Tensor  # (A, 4) decoded, network pixels


Assigner = Callable[[ImageCandidates, FieldTarget], Tensor]
"""Gives `(A,)` long: for each anchor the index of its ground truth, or BACKGROUND, or IGNORED."""


def overlaps(boxes_xyxy: Tensor, others_xyxy: Tensor) -> Tensor:
    """IoU `(G, A)` of every box with every other; a box without area overlaps nothing, not even another such box."""
    iou: Tensor = box_iou(boxes_xyxy, others_xyxy)
    return iou.nan_to_num_(nan=0.0, posinf=0.0, neginf=0.0)


def anchor_centres(anchors_xyxy: Tensor) -> Tensor:
    """Middle `(A, 2)` of each anchor as x, y."""
    return (anchors_xyxy[:, :2] + anchors_xyxy[:, 2:]) / 2


def best_of_each_level(score: Tensor, anchors_per_level: tuple[int, ...], candidates: int) -> Tensor:
    """Indices `(G, K)` of the `candidates` anchors with the largest `score (G, A)` on every level, or all it has."""
    chosen, start = [], 0
    for level in torch.split(score, list(anchors_per_level), dim=1):
        chosen.append(level.topk(min(candidates, level.shape[1]), dim=1).indices + start)
        start += level.shape[1]
    return torch.cat(chosen, dim=1)


def most_overlapping(wanted: Tensor, iou: Tensor) -> Tensor:
    """Settle who gets an anchor: of the boxes with `wanted (G, A)`, the one with the largest `iou (G, A)`.

    Returns `(A,)` with BACKGROUND where nobody wants the anchor; of equal boxes the first wins.
    """
    best_iou, best_box = iou.masked_fill(~wanted, -1.0).max(dim=0)
    return best_box.masked_fill(best_iou < 0, BACKGROUND)


def keep_best_anchors(assigned: Tensor, iou: Tensor) -> Tensor:
    """Give every box the anchor it overlaps most, whoever holds it in `assigned (A,)`; `iou (G, A)`.

    Two boxes with the same best anchor leave it to the larger IoU; a box that overlaps no anchor gets none.
    """
    highest, index = iou.max(dim=1, keepdim=True)
    wanted = torch.zeros_like(iou, dtype=torch.bool).scatter_(1, index, highest > 0)
    kept = most_overlapping(wanted, iou)
    return kept.where(kept >= 0, assigned)


def all_background(candidates: ImageCandidates) -> Tensor:
    """The answer `(A,)` for an image without ground truth."""
    anchors = candidates.anchors_xyxy
    return torch.full((len(anchors),), BACKGROUND, dtype=torch.long, device=anchors.device)
