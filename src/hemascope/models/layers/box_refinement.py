"""A second look at a predicted box: features sampled inside it say how its edges have to move."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import roi_align

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
