"""A second look at a predicted box: features sampled inside it say how its edges have to move."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import roi_align

from hemascope.models.layers.anchors import decode_boxes

_REACH = 0.1  # of a box's side: samples go just beyond the edges that are looked for
_POOLED = 7  # parts a side, as in Fast R-CNN (Girshick 2015, section 2.1)
_STEP = 0.1  # a correction is small: the layer answers in tenths of the box's side, as Fast R-CNN's normalised targets


class BoxRefinement(nn.Module):
    """Deltas and an IoU logit from 7 x 7 parts of each box, each the mean of four bilinear samples.

    The idea is VarifocalNet's second look (Zhang et al. 2021, section 3.2), with pooled parts in place of its star of
    points. It starts as "leave the box as it is": the last layer is zero.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.look = nn.Linear(channels * _POOLED**2, hidden)
        self.look_again = nn.Linear(hidden, hidden)
        self.head = nn.Linear(hidden, 5)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, feature: Tensor, stride: int, boxes_xyxy: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """Map `(B, C, H, W)` of `stride`, boxes `(N, 4)` in network pixels and the image `(N,)` that each lies in,
        to deltas `(N, 4)` and logits `(N,)`, float32.
        """
        margin = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]) * _REACH
        # a rim of zeros: without it, what lies beyond the map falls from the edge's value to zero at one point, where a
        # difference in the last digit tells
        rimmed = functional.pad(feature.float(), (1, 1, 1, 1))
        corners = torch.cat([boxes_xyxy[:, :2] - margin, boxes_xyxy[:, 2:] + margin], dim=1) + stride
        regions = torch.cat([image[:, None].to(boxes_xyxy), corners], dim=1)
        sampled = roi_align(
            rimmed, regions, _POOLED, spatial_scale=1 / stride, sampling_ratio=2, aligned=True
        )  # (N, C, 7, 7)
        seen = functional.relu(self.look_again(functional.relu(self.look(sampled.flatten(1)))))
        answer = self.head(seen).float()
        return answer[:, :4] * _STEP, answer[:, 4]


class DetailMap(nn.Module):
    """What refinements read: a finer map of the backbone `(B, finer_channels, 2H, 2W)` and the box tower's finest
    `(B, finest_channels, H, W)` to `(B, 48, 2H, 2W)`.
    """

    channels: Final = 48

    def __init__(self, finer_channels: int, finest_channels: int) -> None:
        super().__init__()
        self.finer = nn.Conv2d(finer_channels, self.channels, 1)
        self.finest = nn.Conv2d(finest_channels, self.channels, 1, bias=False)

    def forward(self, finer: Tensor, finest: Tensor) -> Tensor:
        finest = functional.interpolate(self.finest(finest), scale_factor=2.0, mode="nearest")
        return functional.relu(self.finer(finer) + finest)


@dataclass(frozen=True, slots=True)
class SecondLook:
    """The refinements of a network and what they read; asked for some boxes only, since most anchors show nothing."""

    refinements: Iterable[nn.Module]
    feature: Tensor  # (B, C, H, W)
    stride: int

    def __call__(self, boxes_xyxy: Tensor, image: Tensor) -> tuple[list[Tensor], Tensor]:
        """Boxes `(N, 4)` and the image `(N,)` of each to the boxes after every refinement, and what the last boxes'
        IoU logit `(N,)` gains over the first one's.

        A refinement starts from boxes without their gradient, so that every stage answers for its own deltas.
        """
        stages = [boxes_xyxy]
        gain = torch.zeros_like(boxes_xyxy[:, 0])
        for refinement in self.refinements:
            start = stages[-1].detach()
            deltas, logit = refinement(self.feature, self.stride, start, image)
            stages.append(decode_boxes(deltas, start))
            gain = gain + logit
        return stages[1:], gain
