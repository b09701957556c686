"""Faster R-CNN (Ren et al. 2015) with a feature pyramid, torchvision's."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection import (
    FasterRCNN,
    FasterRCNN_ResNet50_FPN_Weights,
    fasterrcnn_resnet50_fpn,
)
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.ops import MultiScaleRoIAlign, clip_boxes_to_image

from hemascope.errors import ModelError
from hemascope.models._registry import register_model
from hemascope.models.detectors.backbones import LIGHT_STRIDES, PyramidMaps, light_backbone, light_channels
from hemascope.models.detectors.peer import (
    InFloat32,
    PeerDetector,
    check_size,
    library_images,
    library_targets,
    load_library_weights,
    with_total,
)
from hemascope.models.targets import FieldTarget

PAPER_STRIDE = 32
POOLED = 7  # cells a side of a pooled region
LIGHT_REGIONS = 128  # regions a field that a training step of the second stage looks at


class FasterRcnn(PeerDetector):
    """At most `proposals` regions a field, suppressed among themselves; each may be every class at its own box."""

    def __init__(self, network: Any, stride: int, proposals: int) -> None:
        super().__init__()
        self.network = network
        self.stride = stride
        self.proposals = proposals
        network.rpn.head = InFloat32(network.rpn.head)
        network.roi_heads.box_predictor = InFloat32(network.roi_heads.box_predictor)

    def backbone_module(self) -> nn.Module:
        body: nn.Module = self.network.backbone.body
        return body

    def predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
        batch, levels, heads = library_images(images), self._levels(images), self.network.roi_heads
        regions, _ = self.network.rpn(batch, levels)
        pooled = heads.box_roi_pool(levels, regions, batch.image_sizes)
        logits, deltas = heads.box_predictor(heads.box_head(pooled))
        boxes = clip_boxes_to_image(heads.box_coder.decode(deltas, regions), images.shape[-2:])
        counts = [len(region) for region in regions]
        scores = torch.diag_embed(logits.softmax(dim=-1)[:, 1:])  # the box of a class has a score for that class alone
        return (
            pad_regions(boxes[:, 1:], counts, self.proposals).flatten(1, 2),
            pad_regions(scores, counts, self.proposals).flatten(1, 2),
        )

    def training_loss(self, images: Tensor, targets: list[FieldTarget]) -> dict[str, Tensor]:
        batch, levels, wanted = library_images(images), self._levels(images), library_targets(targets, 1)
        regions, first_stage = self.network.rpn(batch, levels, wanted)
        _, second_stage = self.network.roi_heads(levels, regions, batch.image_sizes, wanted)
        return with_total({**first_stage, **second_stage})

    def _levels(self, images: Tensor) -> dict[str, Tensor]:
        return {name: level.float() for name, level in self.network.backbone(images).items()}


def pad_regions(values: Tensor, counts: Sequence[int], limit: int) -> Tensor:
    """Values `(R, ...)` of the regions of all images to `(B, limit, ...)`; rows that an image lacks are zero."""
    padded = values.new_zeros(len(counts), limit, *values.shape[1:])
    for i, image_values in enumerate(torch.split(values, list(counts))):
        padded[i, : len(image_values)] = image_values
    return padded


def paper_network(num_classes: int, pretrained: bool, proposals: int) -> Any:
    """torchvision's ResNet-50 with pyramid; `pretrained` takes all but the class head from COCO."""
    network = fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=num_classes + 1, **_limits(proposals)
    )
    if pretrained:
        load_library_weights(network, FasterRCNN_ResNet50_FPN_Weights.COCO_V1)
    return network


def light_network(
    num_classes: int, width: int, blocks: Sequence[int], channels: int, hidden: int, proposals: int
) -> Any:
    """P3..P5 on the narrow backbone, one anchor size a level (four strides) in three shapes.

    Regions below 112 pixels are read from P3, half of the pyramid paper's size, as the cells are.
    """
    levels = len(LIGHT_STRIDES)
    return FasterRCNN(
        PyramidMaps(light_backbone(width, blocks), light_channels(width), channels),
        rpn_anchor_generator=AnchorGenerator(tuple((4 * s,) for s in LIGHT_STRIDES), ((0.5, 1.0, 2.0),) * levels),
        box_roi_pool=MultiScaleRoIAlign([str(i) for i in range(levels)], POOLED, sampling_ratio=2, canonical_scale=112),
        box_head=TwoMLPHead(channels * POOLED**2, hidden),
        box_predictor=FastRCNNPredictor(hidden, num_classes + 1),
        box_batch_size_per_image=LIGHT_REGIONS,
        **_limits(proposals),
    )


def _limits(proposals: int) -> dict[str, int]:
    if proposals < 1:
        raise ModelError(f"proposals is {proposals}; choose at least 1")
    return {
        "rpn_pre_nms_top_n_train": 2 * proposals,
        "rpn_pre_nms_top_n_test": 2 * proposals,
        "rpn_post_nms_top_n_train": proposals,
        "rpn_post_nms_top_n_test": proposals,
    }


@register_model("detection")
def faster_rcnn(
    num_classes: int,
    *,
    backbone: str = "light",
    pretrained: bool = False,
    proposals: int = 300,
    width: int = 24,
    blocks: Sequence[int] = (2, 2, 2, 2),
    channels: int = 64,
    hidden: int = 128,
) -> FasterRcnn:
    """Region proposals, then class and box of each; `proposals` a field are kept.

    `backbone: paper` is torchvision's ResNet-50 with pyramid, `pretrained` on COCO. `light` is P3..P5 on the narrow
    backbone with two layers of `hidden` units a region; the options from `width` on are for it alone.
    """
    check_size(backbone, pretrained)
    if backbone == "paper":
        return FasterRcnn(paper_network(num_classes, pretrained, proposals), PAPER_STRIDE, proposals)
    network = light_network(num_classes, width, blocks, channels, hidden, proposals)
    return FasterRcnn(network, LIGHT_STRIDES[-1], proposals)
