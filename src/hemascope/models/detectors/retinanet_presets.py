"""The improved RetinaNet in the sizes that have a name."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import timm
from torch import nn

from hemascope.errors import ModelError
from hemascope.models._pretrained import reach_hub
from hemascope.models._registry import register_model
from hemascope.models.detectors.backbones import LIGHT_STRIDES, light_backbone, light_channels
from hemascope.models.detectors.retinanet import RetinaNet

_COARSEST_BACKBONE_LEVEL = 5
_LEVELS = 5


@register_model("detection")
def retinanet_light(
    num_classes: int,
    *,
    width: int = 24,
    blocks: Sequence[int] = (2, 2, 2, 2),
    channels: int = 64,
    tower_depth: int = 2,
    anchor_base: float = 4.0,
    path_aggregation: bool = False,
    iou_branch: bool = True,
    score_iou_power: float = 0.5,
    refinements: int = 0,
    refined_boxes: int = 400,
) -> RetinaNet:
    """Narrow ResNet and pyramid P3..P5 for fields of about 320 pixels: one square anchor a place.

    `width` is the first stage's channel count; the later stages have 2, 4 and 8 times as many. The anchors are
    `anchor_base` strides wide: a larger one lets finer levels answer for a cell. The last options are explained at
    `RetinaNet`.
    """
    return RetinaNet(
        num_classes,
        light_backbone(width, blocks, with_detail=refinements > 0),
        backbone_channels=light_channels(width),
        backbone_strides=LIGHT_STRIDES,
        channels=channels,
        tower_depth=tower_depth,
        tower_group_norm=True,
        extra_levels=0,
        scales=(1.0,),
        ratios=(1.0,),
        anchor_base=anchor_base,
        path_aggregation=path_aggregation,
        recompute_extra=False,
        iou_branch=iou_branch,
        score_iou_power=score_iou_power,
        refinements=refinements,
        refined_boxes=refined_boxes,
        detail_channels=width,
    )


@register_model("detection")
def retinanet_paper(
    num_classes: int,
    *,
    backbone: str = "resnet50",
    channels: int = 256,
    tower_depth: int = 4,
    finest_level: int = 3,
    path_aggregation: bool = True,
    iou_branch: bool = True,
    score_iou_power: float = 0.5,
    pretrained: bool = False,
) -> RetinaNet:
    """The thesis' detector for fields of 832 x 800: ResNet50, P3..P7 of 256 channels, nine anchors a place.

    Its base (Lin et al. 2017) is `path_aggregation` and `iou_branch` false: P6 is made from C5, towers have no norm.
    `finest_level` 2 is P2..P6, of which the text speaks too; there GA-PAN ends at P5 and makes P6 from N5.
    `backbone` is one of timm's residual networks, `pretrained` takes its ImageNet weights. The other options are
    explained at `RetinaNet`.
    """
    if finest_level not in (2, 3):
        raise ModelError(f"finest_level is {finest_level}; choose 3 (levels P3 to P7) or 2 (levels P2 to P6)")
    if backbone not in timm.list_models(module="resnet"):
        raise ModelError(
            f"backbone is '{backbone}'; choose one of timm's residual networks, such as resnet50 or resnet18"
        )
    with reach_hub() if pretrained else nullcontext():
        body = timm.create_model(
            backbone,
            features_only=True,
            out_indices=tuple(range(finest_level - 1, _COARSEST_BACKBONE_LEVEL)),
            pretrained=pretrained,
        )
    info: Any = body.feature_info
    network = RetinaNet(
        num_classes,
        body,
        backbone_channels=info.channels(),
        backbone_strides=info.reduction(),
        channels=channels,
        tower_depth=tower_depth,
        tower_group_norm=False,
        extra_levels=finest_level + _LEVELS - 1 - _COARSEST_BACKBONE_LEVEL,
        scales=(1.0, 2 ** (1 / 3), 2 ** (2 / 3)),
        ratios=(0.5, 1.0, 2.0),
        anchor_base=4.0,
        path_aggregation=path_aggregation,
        recompute_extra=finest_level == 2,
        iou_branch=iou_branch,
        score_iou_power=score_iou_power,
    )
    for layer in network.pyramid.modules():
        if isinstance(layer, nn.Conv2d):  # linear gain: towers without a norm live on the scale of the levels
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # the pyramid's have a bias
    return network
