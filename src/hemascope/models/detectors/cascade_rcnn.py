"""Cascade R-CNN (Cai & Vasconcelos 2018) from torchvision's region pieces; no installable library has it."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.ops import clip_boxes_to_image

from hemascope.models._registry import register_model
from hemascope.models.detectors.backbones import LIGHT_STRIDES
from hemascope.models.detectors.faster_rcnn import (
    LIGHT_REGIONS,
    PAPER_STRIDE,
    POOLED,
    light_network,
    pad_regions,
    paper_network,
)
from hemascope.models.detectors.peer import (
    InFloat32,
    PeerDetector,
    check_size,
    library_images,
    library_targets,
    with_total,
)
from hemascope.models.targets import FieldTarget

_STAGE_IOUS = (0.5, 0.6, 0.7)
_BOX_WEIGHTS = ((10.0, 10.0, 5.0, 5.0), (20.0, 20.0, 10.0, 10.0), (30.0, 30.0, 15.0, 15.0))
_PAPER_HIDDEN = 1024
_PAPER_REGIONS = 512


class _StagePredictor(nn.Module):
    """Class logits, background first, and one box for all classes."""

    def __init__(self, hidden: int, num_classes: int) -> None:
        super().__init__()
        self.classes = nn.Linear(hidden, num_classes + 1)
        self.box = nn.Linear(hidden, 4)

    def forward(self, regions: Tensor) -> tuple[Tensor, Tensor]:
        return self.classes(regions), self.box(regions)


class CascadeRcnn(PeerDetector):
    """Three region heads in a row, each trained at a higher overlap on the boxes of the one before it.

    The last stage gives the boxes; the class scores are the mean over the stages.
    """

    def __init__(
        self, network: Any, num_classes: int, *, channels: int, hidden: int, regions: int, stride: int, proposals: int
    ) -> None:
        super().__init__()
        self.backbone = network.backbone
        self.rpn = network.rpn
        self.rpn.head = InFloat32(self.rpn.head)
        self.stride = stride
        self.proposals = proposals
        self.stages = nn.ModuleList(
            RoIHeads(
                network.roi_heads.box_roi_pool,
                TwoMLPHead(channels * POOLED**2, hidden),
                InFloat32(_StagePredictor(hidden, num_classes)),
                fg_iou_thresh=iou,
                bg_iou_thresh=iou,
                batch_size_per_image=regions,
                positive_fraction=0.25,
                bbox_reg_weights=weights,
                score_thresh=0.0,  # from here on for the library's own inference, which is not used
                nms_thresh=0.5,
                detections_per_img=proposals,
            )
            for iou, weights in zip(_STAGE_IOUS, _BOX_WEIGHTS, strict=True)
        )

    def backbone_module(self) -> nn.Module:
        body: nn.Module = self.backbone.body
        return body

    def predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
        batch, levels = library_images(images), self._levels(images)
        regions, _ = self.rpn(batch, levels)
        counts = [len(region) for region in regions]
        scores = []
        for stage in self.stages:
            logits, deltas = _read(stage, levels, regions, batch.image_sizes)
            scores.append(logits.softmax(dim=-1)[:, 1:])
            regions = _refine(stage, deltas, regions, images.shape[-2:])
        mean = torch.stack(scores).mean(dim=0)
        return (
            pad_regions(torch.cat(regions), counts, self.proposals),
            pad_regions(mean, counts, self.proposals),
        )

    def training_loss(self, images: Tensor, targets: list[FieldTarget]) -> dict[str, Tensor]:
        """The proposals' two terms, class and box of each stage with equal weights, and `total`."""
        batch, levels, wanted = library_images(images), self._levels(images), library_targets(targets, 1)
        regions, terms = self.rpn(batch, levels, wanted)
        boxes, labels = [t["boxes"] for t in wanted], [t["labels"] for t in wanted]
        for i, stage in enumerate(self.stages):
            if i == 0:
                regions, _, classes, codes = stage.select_training_samples(regions, wanted)  # type: ignore[operator]
            else:
                matches, classes = stage.assign_targets_to_proposals(regions, boxes, labels)  # type: ignore[operator]
                truth = [_matched(b, match) for b, match in zip(boxes, matches, strict=True)]
                codes = stage.box_coder.encode(truth, regions)  # type: ignore[union-attr,operator]
            logits, deltas = _read(stage, levels, regions, batch.image_sizes)
            terms[f"class_{i + 1}"], terms[f"box_{i + 1}"] = _stage_loss(logits, deltas, classes, codes)
            regions = _refine(stage, deltas.detach(), regions, images.shape[-2:])
        return with_total(terms)

    def _levels(self, images: Tensor) -> dict[str, Tensor]:
        return {name: level.float() for name, level in self.backbone(images).items()}


def _read(stage: Any, levels: dict[str, Tensor], regions: list[Tensor], sizes: Any) -> tuple[Tensor, Tensor]:
    logits, deltas = stage.box_predictor(stage.box_head(stage.box_roi_pool(levels, regions, sizes)))
    return logits, deltas


def _refine(stage: Any, deltas: Tensor, regions: list[Tensor], image_size: Sequence[int]) -> list[Tensor]:
    boxes = clip_boxes_to_image(stage.box_coder.decode(deltas, regions).squeeze(1), image_size)
    return list(boxes.split([len(region) for region in regions]))


def _matched(boxes_xyxy: Tensor, matches: Tensor) -> Tensor:
    return boxes_xyxy[matches] if len(boxes_xyxy) else boxes_xyxy.new_zeros(len(matches), 4)


def _stage_loss(
    logits: Tensor, deltas: Tensor, classes: Sequence[Tensor], codes: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Cross entropy over the regions, and smooth L1 over those on a cell, divided by the number of all regions."""
    truth = torch.cat(list(classes))
    positive = truth > 0
    box = functional.smooth_l1_loss(deltas[positive], torch.cat(list(codes))[positive], beta=1 / 9, reduction="sum")
    return functional.cross_entropy(logits, truth), box / len(truth)


@register_model("detection")
def cascade_rcnn(
    num_classes: int,
    *,
    backbone: str = "light",
    pretrained: bool = False,
    proposals: int = 300,
    width: int = 24,
    blocks: Sequence[int] = (2, 2, 2, 2),
    channels: int = 64,
    hidden: int = 64,
) -> CascadeRcnn:
    """Stages at overlaps 0.5, 0.6 and 0.7 behind the region proposals of `faster_rcnn`.

    `backbone: paper` is ResNet-50 with pyramid, backbone and proposals `pretrained` on COCO. `light` is P3..P5 on the
    narrow backbone with two layers of `hidden` units a region and stage; the options from `width` on are for it alone.
    """
    check_size(backbone, pretrained)
    if backbone == "paper":
        network = paper_network(num_classes, pretrained, proposals)
        channels, hidden, regions, stride = network.backbone.out_channels, _PAPER_HIDDEN, _PAPER_REGIONS, PAPER_STRIDE
    else:
        network = light_network(num_classes, width, blocks, channels, hidden, proposals)
        regions, stride = LIGHT_REGIONS // 2, LIGHT_STRIDES[-1]  # three stages read them, not one
    return CascadeRcnn(
        network, num_classes, channels=channels, hidden=hidden, regions=regions, stride=stride, proposals=proposals
    )
