"""The one-stage detectors of torchvision: SSD (Liu et al. 2016), FCOS (Tian et al. 2019), RetinaNet (Lin et al. 2017).

Network, matching and loss are torchvision's; its resizing before and its suppression after them are not used.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import VGG16_Weights
from torchvision.models.detection import (
    FCOS,
    FCOS_ResNet50_FPN_Weights,
    RetinaNet,
    RetinaNet_ResNet50_FPN_Weights,
    fcos_resnet50_fpn,
    retinanet_resnet50_fpn,
    ssd300_vgg16,
)
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.fcos import FCOSHead
from torchvision.models.detection.retinanet import RetinaNetHead
from torchvision.models.detection.ssd import SSD
from torchvision.ops import box_iou, clip_boxes_to_image

from hemascope.models._pretrained import reach_hub
from hemascope.models._registry import register_model
from hemascope.models.detectors.backbones import (
    LIGHT_STRIDES,
    NamedMaps,
    PyramidMaps,
    light_backbone,
    light_channels,
)
from hemascope.models.detectors.peer import (
    PeerDetector,
    check_size,
    library_images,
    library_targets,
    load_library_weights,
    with_total,
)
from hemascope.models.targets import FieldTarget

_PYRAMID_STRIDE = 128  # of P7, the coarsest level of torchvision's ResNet-50 pyramids
_SSD_STRIDE = 32
_RATIOS = (0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class _Raw:
    """One pass over a batch, in float32."""

    outputs: dict[str, Tensor]  # of the library's head: (B, A, values) each
    anchors: list[Tensor]  # (A, 4) an image
    places_per_level: list[int]


class TorchvisionDense(PeerDetector):
    """`first_class` is 1 where the library keeps id 0 for the background."""

    first_class = 0

    def __init__(self, network: Any, stride: int) -> None:
        super().__init__()
        self.network = network
        self.stride = stride

    def backbone_module(self) -> nn.Module:
        backbone: nn.Module = self.network.backbone
        return getattr(backbone, "body", backbone)

    def predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
        raw = self._pass(images)
        boxes = self._decode(raw.outputs["bbox_regression"], torch.stack(raw.anchors))
        return clip_boxes_to_image(boxes, images.shape[-2:]), self._scores(raw.outputs)

    def training_loss(self, images: Tensor, targets: list[FieldTarget]) -> dict[str, Tensor]:
        return with_total(self._terms(self._pass(images), library_targets(targets, self.first_class)))

    def _pass(self, images: Tensor) -> _Raw:
        levels = [level.float() for level in self.network.backbone(images).values()]
        outputs = {name: output.float() for name, output in self.network.head(levels).items()}
        anchors = self.network.anchor_generator(library_images(images), levels)
        return _Raw(outputs, anchors, [level.shape[-2] * level.shape[-1] for level in levels])

    def _decode(self, deltas: Tensor, anchors: Tensor) -> Tensor:
        boxes: Tensor = self.network.box_coder.decode_single(deltas.flatten(0, 1), anchors.flatten(0, 1))
        return boxes.view_as(deltas)

    @abstractmethod
    def _scores(self, outputs: dict[str, Tensor]) -> Tensor: ...

    @abstractmethod
    def _terms(self, raw: _Raw, targets: list[dict[str, Tensor]]) -> dict[str, Tensor]: ...


class TorchvisionRetinaNet(TorchvisionDense):
    def _scores(self, outputs: dict[str, Tensor]) -> Tensor:
        return outputs["cls_logits"].sigmoid()

    def _terms(self, raw: _Raw, targets: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = self.network.compute_loss(targets, raw.outputs, raw.anchors)
        return terms


class Fcos(TorchvisionDense):
    """Scores are sqrt(class probability x centre-ness), torchvision's ranking."""

    def _decode(self, deltas: Tensor, anchors: Tensor) -> Tensor:
        boxes: Tensor = self.network.box_coder.decode(deltas, anchors)
        return boxes

    def _scores(self, outputs: dict[str, Tensor]) -> Tensor:
        return (outputs["cls_logits"].sigmoid() * outputs["bbox_ctrness"].sigmoid()).sqrt()

    def _terms(self, raw: _Raw, targets: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = self.network.compute_loss(targets, raw.outputs, raw.anchors, raw.places_per_level)
        return terms


class Ssd(TorchvisionDense):
    first_class = 1

    def _scores(self, outputs: dict[str, Tensor]) -> Tensor:
        return outputs["cls_logits"].softmax(dim=-1)[..., 1:]

    def _terms(self, raw: _Raw, targets: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        matches = [
            self.network.proposal_matcher(box_iou(target["boxes"], anchors))
            if len(target["boxes"])
            else torch.full((len(anchors),), -1, device=anchors.device)
            for target, anchors in zip(targets, raw.anchors, strict=True)
        ]
        terms: dict[str, Tensor] = self.network.compute_loss(targets, raw.outputs, raw.anchors, matches)
        return terms


@register_model("detection")
def retinanet_torchvision(
    num_classes: int,
    *,
    backbone: str = "light",
    pretrained: bool = False,
    width: int = 24,
    blocks: Sequence[int] = (2, 2, 2, 2),
    channels: int = 64,
    tower_depth: int = 2,
) -> TorchvisionRetinaNet:
    """Nine anchors a place and the IoU rule 0.5 / 0.4, as torchvision has them.

    `backbone: paper` is ResNet-50 with P3..P7, `pretrained` on COCO. `light` is P3..P5 on the narrow backbone with
    heads of `tower_depth` convolutions (at most 4) under group norm; the options from `width` on are for it alone.
    """
    check_size(backbone, pretrained)
    if backbone == "paper":
        network = retinanet_resnet50_fpn(weights=None, weights_backbone=None, num_classes=num_classes)
        if pretrained:
            load_library_weights(network, RetinaNet_ResNet50_FPN_Weights.COCO_V1)
        return TorchvisionRetinaNet(network, _PYRAMID_STRIDE)
    maps = PyramidMaps(light_backbone(width, blocks), light_channels(width), channels)
    sizes = tuple(tuple(round(4 * stride * 2 ** (i / 3)) for i in range(3)) for stride in LIGHT_STRIDES)
    anchors = AnchorGenerator(sizes, (_RATIOS,) * len(sizes))
    head = RetinaNetHead(
        channels, anchors.num_anchors_per_location()[0], num_classes, norm_layer=partial(nn.GroupNorm, 8)
    )
    for part in (head.classification_head, head.regression_head):
        part.conv = part.conv[:tower_depth]
    network = RetinaNet(maps, num_classes, anchor_generator=anchors, head=head)
    return TorchvisionRetinaNet(network, LIGHT_STRIDES[-1])


@register_model("detection")
def fcos(
    num_classes: int,
    *,
    backbone: str = "light",
    pretrained: bool = False,
    width: int = 24,
    blocks: Sequence[int] = (2, 2, 2, 2),
    channels: int = 64,
    tower_depth: int = 2,
) -> Fcos:
    """One point a place, centre sampling within 1.5 strides.

    `backbone: paper` is ResNet-50 with P3..P7, `pretrained` on COCO. `light` is P3..P5 on the narrow backbone, where
    the levels share out cells below 64, to 128 and above 128 pixels, half of the paper's sizes; the options from
    `width` on are for it alone, and `channels` must be a multiple of 32.
    """
    check_size(backbone, pretrained)
    if backbone == "paper":
        network = fcos_resnet50_fpn(weights=None, weights_backbone=None, num_classes=num_classes)
        if pretrained:
            load_library_weights(network, FCOS_ResNet50_FPN_Weights.COCO_V1)
        return Fcos(network, _PYRAMID_STRIDE)
    maps = PyramidMaps(light_backbone(width, blocks), light_channels(width), channels)
    # torchvision derives the level's size range from the anchor: 4 to 8 times its side to the farthest edge
    anchors = AnchorGenerator(tuple((stride // 2,) for stride in LIGHT_STRIDES), ((1.0,),) * len(LIGHT_STRIDES))
    head = FCOSHead(channels, 1, num_classes, tower_depth)
    network = FCOS(maps, num_classes, anchor_generator=anchors, head=head, center_sampling_radius=3.0)
    return Fcos(network, LIGHT_STRIDES[-1])


@register_model("detection")
def ssd(
    num_classes: int,
    *,
    backbone: str = "light",
    pretrained: bool = False,
    width: int = 24,
    blocks: Sequence[int] = (2, 2, 2, 2),
) -> Ssd:
    """Default boxes on the maps of the backbone itself, hard negatives three to one.

    `backbone: paper` is SSD300 with VGG-16, `pretrained` on ImageNet; sides from 288 pixels on, since two of its last
    convolutions have no padding. `light` takes the three maps of the narrow backbone (`width`, `blocks`) with six boxes
    a place of 4 and 5.7 strides.
    """
    check_size(backbone, pretrained)
    if backbone == "paper":
        weights = VGG16_Weights.IMAGENET1K_V1 if pretrained else None
        with reach_hub():
            network = ssd300_vgg16(weights=None, weights_backbone=weights, num_classes=num_classes + 1)
        network.anchor_generator.steps = None  # the paper's are those of a 300-pixel input
        return Ssd(network, _SSD_STRIDE)
    maps = NamedMaps(light_backbone(width, blocks), light_channels(width))
    sizes = tuple((4 * stride, round(4 * 2**0.5 * stride)) for stride in LIGHT_STRIDES)
    anchors = AnchorGenerator(sizes, (_RATIOS,) * len(sizes))
    network = SSD(maps, anchors, (300, 300), num_classes + 1)
    return Ssd(network, LIGHT_STRIDES[-1])
