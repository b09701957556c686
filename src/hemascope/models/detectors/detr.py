"""DETR (Carion et al. 2020), the one of transformers: a fixed set of queries, each a cell or nothing."""

from collections.abc import Sequence
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torchvision.ops import box_convert

from hemascope.errors import DependencyMissingError
from hemascope.models._pretrained import reach_hub
from hemascope.models._registry import register_model
from hemascope.models.detectors.backbones import light_backbone, light_channels
from hemascope.models.detectors.peer import PeerDetector, check_size
from hemascope.models.targets import FieldTarget

_STRIDE = 32
_HUB_NAME = "facebook/detr-resnet-50"


class Detr(PeerDetector):
    """One box and one class a query, matched one to one in training, so that nothing needs to be suppressed."""

    needs_nms = False

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self.stride = _STRIDE

    def backbone_module(self) -> nn.Module:
        backbone: nn.Module = self.network.model.backbone.model
        return backbone

    def predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
        logits, boxes = self._heads(self.network.model(images).last_hidden_state)
        corners = box_convert(boxes, "cxcywh", "xyxy") * _image_scale(images)
        return corners, logits.softmax(dim=-1)[..., :-1]

    def training_loss(self, images: Tensor, targets: list[FieldTarget]) -> dict[str, Tensor]:
        """Class, L1 and GIoU of every decoder layer (`_0`, `_1`, ... are the inner ones), and `total`."""
        outputs = self.network.model(images)
        logits, boxes = self._heads(outputs.last_hidden_state)
        inner_logits, inner_boxes = self._heads(outputs.intermediate_hidden_states)
        scale = _image_scale(images)
        wanted = [
            {"class_labels": t.class_ids, "boxes": box_convert(t.boxes_xyxy / scale, "xyxy", "cxcywh")} for t in targets
        ]
        total, terms, _ = self.network.loss_function(
            logits, wanted, images.device, boxes, self.network.config, inner_logits, inner_boxes
        )
        losses = {name: term for name, term in terms.items() if not name.startswith("cardinality")}
        return {**losses, "total": total}

    def _heads(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Class logits `(..., queries, classes + 1)`, nothing last, and boxes cxcywh in shares of the image."""
        logits, boxes = self.network.class_labels_classifier(hidden), self.network.bbox_predictor(hidden)
        return logits.float(), boxes.float().sigmoid()


def _image_scale(images: Tensor) -> Tensor:
    height, width = images.shape[-2:]
    return torch.tensor([width, height, width, height], dtype=torch.float32, device=images.device)


@register_model("detection")
def detr(
    num_classes: int,
    *,
    backbone: str = "light",
    pretrained: bool = False,
    queries: int = 100,
    width: int = 24,
    blocks: Sequence[int] = (2, 2, 2, 2),
    channels: int = 128,
    encoder_layers: int = 2,
    decoder_layers: int = 3,
) -> Detr:
    """At most `queries` cells a field.

    `backbone: paper` is ResNet-50 with six layers each of 256 channels, `pretrained` on COCO (then with the 100 queries
    of those weights). `light` is the narrow backbone, its last stage dilated to stride 16 (the paper's DC5, since cells
    are small here); the options from `width` on are for it alone, and `channels` must be a multiple of 8.

    Raises DependencyMissingError without transformers, which is imported here alone: it takes seconds.
    """
    check_size(backbone, pretrained)
    try:
        from transformers import DetrConfig, DetrForObjectDetection
    except ImportError as error:
        raise DependencyMissingError("detr needs transformers; install hemascope[train]") from error
    if pretrained:
        with reach_hub():
            network: Any = DetrForObjectDetection.from_pretrained(
                _HUB_NAME, num_labels=num_classes, auxiliary_loss=True, ignore_mismatched_sizes=True
            )
        return Detr(network)
    options: dict[str, Any] = {
        "backbone_config": {
            "model_type": "timm_backbone",
            "backbone": "resnet10t",
            "out_indices": [4],
        },  # replaced below
        "num_labels": num_classes,
        "num_queries": queries,
        "auxiliary_loss": True,
    }
    if backbone == "light":
        options |= {
            "d_model": channels,
            "encoder_layers": encoder_layers,
            "decoder_layers": decoder_layers,
            "encoder_ffn_dim": 2 * channels,
            "decoder_ffn_dim": 2 * channels,
        }
    config = DetrConfig(**options)
    network = DetrForObjectDetection(config)
    # transformers freezes the norms and the first stages of its own backbone, which only pretrained weights can bear
    if backbone == "light":
        network.model.backbone.model = light_backbone(width, blocks, output_stride=_STRIDE // 2)
        features = light_channels(width)[-1]
    else:
        network.model.backbone.model = timm.create_model("resnet50", features_only=True, out_indices=(4,))
        features = network.model.backbone.model.feature_info.channels()[-1]
    network.model.input_projection = nn.Conv2d(features, config.d_model, 1)
    return Detr(network)
