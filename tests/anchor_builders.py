"""Grids of anchors with predictions on them, for tests of label assignment."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hemascope.models.layers.anchors import anchor_sizes, grid_anchors
from hemascope.models.targets import FieldTarget
from hemascope.training.assignment import ImageCandidates

STRIDES = (8, 16, 32)


def square_anchors(side: int = 96) -> tuple[Tensor, tuple[int, ...]]:
    """One square anchor a place, four strides wide, in float64 so that distances have no rounding."""
    levels = [
        grid_anchors(torch.zeros(1, 1, side // s, side // s), s, anchor_sizes(4 * s, (1.0,), (1.0,)).double())
        for s in STRIDES
    ]
    return torch.cat(levels), tuple(len(level) for level in levels)


def untrained_image(side: int = 96, classes: int = 2, seed: int = 0) -> ImageCandidates:
    """What a new network says: low class scores, boxes that are almost the anchors."""
    anchors, per_level = square_anchors(side)
    anchors = anchors.float()
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(len(anchors), classes, generator=generator) - 4.5
    boxes = anchors + 2 * torch.randn(len(anchors), 4, generator=generator)
    return ImageCandidates(anchors, per_level, logits, boxes)


def row_image(boxes: Sequence[Sequence[float]], logits: Sequence[float]) -> ImageCandidates:
    """One level, one class: anchors of 20 x 20 side by side from x = 0 on, with these decoded boxes and logits."""
    anchors = torch.tensor([[20.0 * i, 0.0, 20.0 * i + 20, 20.0] for i in range(len(logits))])
    return ImageCandidates(anchors, (len(anchors),), torch.tensor(logits)[:, None], torch.tensor(boxes))


def truth(boxes: object, class_id: int = 0) -> FieldTarget:
    """Boxes of one class, in float32."""
    tensor = torch.as_tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return FieldTarget(tensor, torch.full((len(tensor),), class_id, dtype=torch.long))
