"""Anchor boxes of a feature map, and the box coding relative to them."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

_MAX_LOG_SCALE = math.log(1000 / 16)  # keeps exp() finite for wild deltas early in training


def anchor_sizes(base: float, scales: Sequence[float], ratios: Sequence[float]) -> Tensor:
    """Width and height `(len(scales) * len(ratios), 2)` in pixels; a ratio is height / width at constant area."""
    return torch.tensor([(base * s / math.sqrt(r), base * s * math.sqrt(r)) for s in scales for r in ratios])


def grid_anchors(feature: Tensor, stride: int, sizes: Tensor) -> Tensor:
    """Anchors `(H * W * sizes, 4)` xyxy in network pixels for a map `(B, C, H, W)`; row-major, sizes fastest."""
    height, width = feature.shape[-2:]
    ys = (torch.arange(height, device=feature.device, dtype=sizes.dtype) + 0.5) * stride
    xs = (torch.arange(width, device=feature.device, dtype=sizes.dtype) + 0.5) * stride
    grid_y, grid_x = torch.meshgrid(ys, xs, indexing="ij")
    centres = torch.stack([grid_x, grid_y], dim=-1).reshape(-1, 1, 2)
    half = sizes.to(feature.device) / 2
    return torch.cat([centres - half, centres + half], dim=-1).reshape(-1, 4)


def decode_boxes(deltas: Tensor, anchors_xyxy: Tensor) -> Tensor:
    """Deltas `(..., 4)` (dx, dy, dw, dh; Ren et al. 2015, eq. 2) and anchors `(..., 4)` to boxes xyxy."""
    size = anchors_xyxy[..., 2:] - anchors_xyxy[..., :2]
    centre = anchors_xyxy[..., :2] + size / 2
    new_centre = centre + deltas[..., :2] * size
    half = size * torch.exp(deltas[..., 2:].clamp(max=_MAX_LOG_SCALE)) / 2
    return torch.cat([new_centre - half, new_centre + half], dim=-1)


def encode_boxes(boxes_xyxy: Tensor, anchors_xyxy: Tensor) -> Tensor:
    """Inverse of `decode_boxes` for boxes of positive size."""
    anchor_size = anchors_xyxy[..., 2:] - anchors_xyxy[..., :2]
    size = boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]
    shift = (boxes_xyxy[..., :2] + size / 2 - anchors_xyxy[..., :2] - anchor_size / 2) / anchor_size
    return torch.cat([shift, torch.log(size / anchor_size)], dim=-1)
