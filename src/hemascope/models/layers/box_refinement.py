"""A second look at a predicted box: features sampled inside it say how its edges have to move."""

import torch
from torch import Tensor, nn
from torch.nn import functional

_REACH = (-0.1, 1.1)  # outermost sampling points relative to the box: just outside of the edges that are looked for


class BoxRefinement(nn.Module):
    """Deltas and an IoU logit from a grid of `points` x `points` bilinear samples over each box.

    The idea is VarifocalNet's star-shaped refinement (Zhang et al. 2021, section 3.2) with a denser grid, read from the
    finest level for every box, as region-based detectors do. It starts as "leave the box as it is": the last layer is
    zero.
    """

    def __init__(self, channels: int, points: int = 5, sampled_channels: int = 32) -> None:
        super().__init__()
        self.points = points
        self.project = nn.Conv2d(channels, sampled_channels, 1)
        self.look = nn.Linear(sampled_channels * points**2, channels)
        self.head = nn.Linear(channels, 5)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, feature: Tensor, stride: int, boxes_xyxy: Tensor) -> tuple[Tensor, Tensor]:
        """Map `(B, C, H, W)` of `stride` and boxes `(B, A, 4)` in network pixels to deltas `(B, A, 4)` and logits
        `(B, A)`; a point outside of the map is zero.
        """
        sampled = functional.grid_sample(
            self.project(feature).float(), self._grid(feature, stride, boxes_xyxy), align_corners=False
        )  # (B, C', A, points * points)
        seen = functional.relu(self.look(sampled.permute(0, 2, 1, 3).flatten(2)))
        moved = self.head(seen).float()
        return moved[..., :4], moved[..., 4]

    def _grid(self, feature: Tensor, stride: int, boxes_xyxy: Tensor) -> Tensor:
        """Sampling points `(B, A, points * points, 2)` from -1 to 1 over the map."""
        steps = torch.linspace(*_REACH, self.points, device=boxes_xyxy.device)
        corner, extent = boxes_xyxy[..., :2], boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]
        xs = (corner[..., :1] + extent[..., :1] * steps) * (2 / (feature.shape[-1] * stride)) - 1  # (B, A, points)
        ys = (corner[..., 1:] + extent[..., 1:] * steps) * (2 / (feature.shape[-2] * stride)) - 1
        shape = (*boxes_xyxy.shape[:2], self.points, self.points)
        return torch.stack([xs[..., None, :].expand(shape), ys[..., :, None].expand(shape)], dim=-1).flatten(2, 3)
