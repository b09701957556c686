"""YOLOv3 (Redmon & Farhadi 2018): three scales, nine anchors, objectness times class.

Ours, since the implementations that can be installed are under copyleft licences.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import Conv2dNormActivation, box_iou

from hemascope.errors import ModelError
from hemascope.models._pretrained import reach_hub
from hemascope.models._registry import register_model
from hemascope.models.detectors.backbones import LIGHT_STRIDES, light_backbone, light_channels
from hemascope.models.detectors.peer import PeerDetector, check_size, with_total
from hemascope.models.targets import FieldTarget

_PAPER_ANCHORS = ((10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198), (373, 326))
_LIGHT_ANCHORS = tuple((side, side) for side in (24, 30, 38, 48, 60, 76, 95, 120, 151))  # cells are about round
_IGNORED_ABOVE = 0.5  # section 2.1: an anchor that overlaps a box this much without being its best is no negative
_PRIOR = 0.01  # objectness of every anchor at the start: the sum over thousands of anchors would drown the rest
_MAX_LOG_SCALE = 4.0  # keeps exp() finite for wild sizes early in training

_convolution = partial(Conv2dNormActivation, activation_layer=partial(nn.LeakyReLU, 0.1))


@dataclass(frozen=True, slots=True)
class _Places:
    """Where each of the N predictions comes from: finest level first, row-major, anchors fastest."""

    corners: Tensor  # (N, 2) upper left corner of the cell in cells, x y
    strides: Tensor  # (N, 1) pixels a cell
    sizes: Tensor  # (N, 2) anchor width and height, pixels

    def anchors_xyxy(self) -> Tensor:
        centres = (self.corners + 0.5) * self.strides
        return torch.cat([centres - self.sizes / 2, centres + self.sizes / 2], dim=-1)


class YoloV3(PeerDetector):
    """`anchors_wh` are nine, three a level, finest first; `channels` are the neck's widths, finest first.

    Each level has `depth` pairs of a narrow 1x1 and a wide 3x3 convolution before its head (2 in the paper).
    """

    def __init__(
        self,
        num_classes: int,
        backbone: nn.Module,
        *,
        backbone_channels: Sequence[int],
        strides: Sequence[int],
        channels: Sequence[int],
        depth: int,
        anchors_wh: Sequence[tuple[int, int]],
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.backbone = backbone
        self.strides = tuple(strides)
        self.stride = self.strides[-1]
        per_level = len(anchors_wh) // len(self.strides)
        self.anchors_wh = [anchors_wh[i * per_level : (i + 1) * per_level] for i in range(len(self.strides))]
        coarser = [*channels[1:], 0]
        self.blocks = nn.ModuleList(
            _block(c + after // 2, out, depth)
            for c, after, out in zip(backbone_channels, coarser, channels, strict=True)
        )
        self.routes = nn.ModuleList(_convolution(c, c // 2, 1) for c in channels[1:])
        values = per_level * (5 + num_classes)
        self.heads = nn.ModuleList(
            nn.Sequential(_convolution(c, 2 * c, 3), nn.Conv2d(2 * c, values, 1)) for c in channels
        )
        for head in self.heads:
            bias = head[-1].bias.detach().view(per_level, -1)  # type: ignore[index]
            bias[:, 4] = -math.log((1 - _PRIOR) / _PRIOR)

    def backbone_module(self) -> nn.Module:
        return self.backbone

    def predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
        raw, places = self._outputs(images)
        centres = (raw[..., :2].sigmoid() + places.corners) * places.strides
        half = raw[..., 2:4].clamp(max=_MAX_LOG_SCALE).exp() * places.sizes / 2
        scores = raw[..., 4:5].sigmoid() * raw[..., 5:].sigmoid()
        return torch.cat([centres - half, centres + half], dim=-1), scores

    def training_loss(self, images: Tensor, targets: list[FieldTarget]) -> dict[str, Tensor]:
        """Sums over the batch divided by the number of boxes, at least one: `box`, `objectness`, `class`, `total`.

        One anchor a box, the best by shape in the cell of its centre; the box term is the paper's squared error, with
        the weight 2 - (share of the image) of the authors' code.
        """
        raw, places = self._outputs(images)
        anchors = places.anchors_xyxy()
        box, classes, objectness = (raw.new_zeros(()) for _ in range(3))
        for row, target in zip(raw, targets, strict=True):
            wanted, counted = torch.zeros_like(row[:, 4]), torch.ones_like(row[:, 4])
            if len(target.boxes_xyxy):
                chosen = self._responsible(target.boxes_xyxy, places)
                overlap = box_iou(anchors, target.boxes_xyxy).amax(dim=1)
                counted[overlap > _IGNORED_ABOVE] = 0
                counted[chosen] = wanted[chosen] = 1
                box = box + _squared_error(row[chosen], target.boxes_xyxy, places, chosen, images.shape[-2:])
                truth = functional.one_hot(target.class_ids, self.num_classes).float()
                classes = classes + functional.binary_cross_entropy_with_logits(row[chosen, 5:], truth, reduction="sum")
            objectness = objectness + functional.binary_cross_entropy_with_logits(
                row[:, 4], wanted, weight=counted, reduction="sum"
            )
        count = max(sum(len(target.boxes_xyxy) for target in targets), 1)
        return with_total({"box": box / count, "objectness": objectness / count, "class": classes / count})

    def _outputs(self, images: Tensor) -> tuple[Tensor, _Places]:
        """Raw values `(B, N, 5 + classes)` in float32: x, y, log width, log height, objectness, classes."""
        features = list(self.backbone(images))
        raw: list[Tensor] = []
        corners: list[Tensor] = []
        strides: list[Tensor] = []
        sizes: list[Tensor] = []
        route: Tensor | None = None
        for level in range(len(self.strides) - 1, -1, -1):
            feature = features[level]
            if route is not None:
                route = functional.interpolate(self.routes[level](route), scale_factor=2.0, mode="nearest")
                feature = torch.cat([route, feature], dim=1)
            route = self.blocks[level](feature)
            values = self.heads[level](route).float().permute(0, 2, 3, 1)
            anchors = torch.tensor(self.anchors_wh[level], dtype=torch.float32, device=images.device)
            height, width = values.shape[1:3]
            raw.insert(0, values.reshape(len(values), height * width * len(anchors), -1))
            corners.insert(0, _cell_corners(height, width, len(anchors), images.device))
            strides.insert(0, torch.full((len(corners[0]), 1), self.strides[level], device=images.device))
            sizes.insert(0, anchors.repeat(height * width, 1))
        return torch.cat(raw, dim=1), _Places(torch.cat(corners), torch.cat(strides), torch.cat(sizes))

    def _responsible(self, boxes_xyxy: Tensor, places: _Places) -> Tensor:
        """Index `(G,)` of the anchor of each box: best by shape among all nine, in the cell of the box's centre."""
        centres, wh = boxes_xyxy[:, None, :2].add(boxes_xyxy[:, None, 2:]) / 2, boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
        overlap = torch.minimum(wh[:, None], places.sizes).prod(dim=-1)
        shape_iou = overlap / (wh.prod(dim=-1)[:, None] + places.sizes.prod(dim=-1) - overlap)
        distance = (centres - (places.corners + 0.5) * places.strides).abs().amax(dim=-1) / places.strides[:, 0]
        best = shape_iou.amax(dim=1, keepdim=True)
        # the nearest cell rather than the one around the centre: the same but for centres on or past the edge
        return torch.where(shape_iou == best, distance, math.inf).argmin(dim=1)


def _block(inputs: int, outputs: int, depth: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [_convolution(inputs, outputs, 1), _convolution(outputs, 2 * outputs, 3)]
        inputs = 2 * outputs
    return nn.Sequential(*layers, _convolution(inputs, outputs, 1))


def _cell_corners(height: int, width: int, anchors: int, device: torch.device) -> Tensor:
    y, x = torch.meshgrid(torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 2).repeat_interleave(anchors, dim=0).float()


def _squared_error(
    raw: Tensor, boxes_xyxy: Tensor, places: _Places, chosen: Tensor, image_size: Sequence[int]
) -> Tensor:
    """Half the squared error of `(sigmoid x, sigmoid y, log width, log height)` summed over the boxes."""
    wh = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    offsets = (centres / places.strides[chosen] - places.corners[chosen]).clamp(0, 1)
    wanted = torch.cat([offsets, (wh / places.sizes[chosen]).log()], dim=1)
    given = torch.cat([raw[:, :2].sigmoid(), raw[:, 2:4]], dim=1)
    weight = 2 - wh.prod(dim=1) / (image_size[0] * image_size[1])
    return ((given - wanted).square().sum(dim=1) * weight).sum() / 2


@register_model("detection")
def yolov3(
    num_classes: int,
    *,
    backbone: str = "light",
    pretrained: bool = False,
    width: int = 24,
    blocks: Sequence[int] = (2, 2, 2, 2),
    channels: int = 64,
) -> YoloV3:
    """Nine anchors over three levels, one of them responsible for each box.

    `backbone: paper` is Darknet-53 with the anchors of COCO, `pretrained` on ImageNet. `light` is the narrow backbone
    with `channels` (even) in each of its three levels and square anchors of 24 to 151 pixels; the options from `width`
    on are for it alone.
    """
    check_size(backbone, pretrained)
    if channels % 2:
        raise ModelError(f"channels is {channels}; choose an even number")
    if backbone == "light":
        return YoloV3(
            num_classes,
            light_backbone(width, blocks),
            backbone_channels=light_channels(width),
            strides=LIGHT_STRIDES,
            channels=(channels,) * len(LIGHT_STRIDES),
            depth=1,
            anchors_wh=_LIGHT_ANCHORS,
        )
    with reach_hub():
        darknet = timm.create_model("darknet53", features_only=True, out_indices=(3, 4, 5), pretrained=pretrained)
    info: Any = darknet.feature_info
    return YoloV3(
        num_classes,
        darknet,
        backbone_channels=info.channels(),
        strides=info.reduction(),
        channels=(128, 256, 512),
        depth=2,
        anchors_wh=_PAPER_ANCHORS,
    )
