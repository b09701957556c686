"""RetinaNet (Lin et al. 2017) with an IoU branch (thesis section 4.2.2), sizes as parameters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import timm
import torch
from torch import Tensor, nn

from hemascope.models._registry import register_model
from hemascope.models.layers.anchors import anchor_sizes, decode_boxes, grid_anchors
from hemascope.models.layers.fpn import FeaturePyramid

_PRIOR = 0.01  # class probability of every anchor at the start, so that focal loss is stable (Lin et al., section 4.1)


@dataclass(frozen=True, slots=True)
class DenseOutput:
    """Raw predictions for every anchor: A anchors over all levels, finest level first."""

    class_logits: Tensor  # (B, A, classes)
    deltas: Tensor  # (B, A, 4)
    iou_logits: Tensor  # (B, A)
    anchors_xyxy: Tensor  # (A, 4) network pixels
    anchors_per_level: tuple[int, ...]


class _Tower(nn.Sequential):
    """`depth` times 3x3 convolution, group norm, ReLU; shared by all levels, hence no batch statistics.

    `channels` must be a multiple of 8, the number of groups.
    """

    def __init__(self, channels: int, depth: int) -> None:
        layers: list[nn.Module] = []
        for _ in range(depth):
            layers += [
                nn.Conv2d(channels, channels, 3, padding=1, bias=False),
                nn.GroupNorm(8, channels),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


class RetinaNet(nn.Module):
    """Anchors on P3.. of a feature pyramid, shared class and box towers, one IoU logit an anchor.

    Input `(B, 3, H, W)` normalised, H and W multiples of `stride`. Calling the module gives `DenseOutput`;
    `predict` gives boxes and scores as the bundle contract wants them.
    """

    def __init__(
        self,
        num_classes: int,
        backbone: nn.Module,
        *,
        backbone_channels: Sequence[int],
        backbone_strides: Sequence[int],
        channels: int,
        tower_depth: int,
        extra_levels: int,
        scales: Sequence[float],
        ratios: Sequence[float],
        anchor_base: float,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.backbone = backbone
        self.pyramid = FeaturePyramid(backbone_channels, channels, extra_levels)
        self.strides = [*backbone_strides, *(backbone_strides[-1] * 2 ** (i + 1) for i in range(extra_levels))]
        self.stride = self.strides[-1]
        self.anchor_sizes = [anchor_sizes(anchor_base * stride, scales, ratios) for stride in self.strides]
        anchors = len(scales) * len(ratios)
        self.class_tower = _Tower(channels, tower_depth)
        self.box_tower = _Tower(channels, tower_depth)
        self.class_head = nn.Conv2d(channels, anchors * num_classes, 3, padding=1)
        self.box_head = nn.Conv2d(channels, anchors * 4, 3, padding=1)
        self.iou_head = nn.Conv2d(channels, anchors, 3, padding=1)
        for head in (self.class_head, self.box_head, self.iou_head):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]  # these heads always have a bias
        nn.init.constant_(self.class_head.bias, -math.log((1 - _PRIOR) / _PRIOR))  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> DenseOutput:
        levels = self.pyramid(self.backbone(images))
        logits, deltas, ious, anchors = [], [], [], []
        for feature, stride, sizes in zip(levels, self.strides, self.anchor_sizes, strict=True):
            box_feature = self.box_tower(feature)
            logits.append(_per_anchor(self.class_head(self.class_tower(feature)), self.num_classes))
            deltas.append(_per_anchor(self.box_head(box_feature), 4))
            ious.append(_per_anchor(self.iou_head(box_feature), 1).squeeze(-1))
            anchors.append(grid_anchors(feature, stride, sizes))
        return DenseOutput(
            torch.cat(logits, dim=1),
            torch.cat(deltas, dim=1),
            torch.cat(ious, dim=1),
            torch.cat(anchors),
            tuple(len(a) for a in anchors),
        )

    def predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes `(B, A, 4)` xyxy in network pixels and scores `(B, A, classes)` = sqrt(class probability x IoU)."""
        output = self(images)
        boxes = decode_boxes(output.deltas, output.anchors_xyxy)
        scores = (output.class_logits.sigmoid() * output.iou_logits.sigmoid()[..., None]).sqrt()
        return boxes, scores


def _per_anchor(head: Tensor, values: int) -> Tensor:
    """`(B, anchors * values, H, W)` to `(B, H * W * anchors, values)`, the order of `grid_anchors`."""
    return torch.unflatten(head.permute(0, 2, 3, 1).flatten(1), 1, (-1, values))


@register_model("detection")
def retinanet_light(
    num_classes: int,
    *,
    width: int = 24,
    blocks: Sequence[int] = (2, 2, 2, 2),
    channels: int = 64,
    tower_depth: int = 2,
) -> RetinaNet:
    """Narrow ResNet and pyramid P3..P5 for fields of about 320 pixels: one square anchor a place, four strides wide.

    `width` is the first stage's channel count; the later stages have 2, 4 and 8 times as many.
    """
    backbone = timm.create_model(
        "resnet18",
        features_only=True,
        out_indices=(2, 3, 4),
        layers=tuple(blocks),
        channels=tuple(width * 2**i for i in range(4)),
        stem_type="deep",
        stem_width=width // 2,
    )
    info: Any = backbone.feature_info
    return RetinaNet(
        num_classes,
        backbone,
        backbone_channels=info.channels(),
        backbone_strides=info.reduction(),
        channels=channels,
        tower_depth=tower_depth,
        extra_levels=0,
        scales=(1.0,),
        ratios=(1.0,),
        anchor_base=4.0,
    )
