"""Narrow residual networks for cell crops."""

from collections.abc import Sequence

import timm
from torch import Tensor, nn

from hemascope.models._registry import register_model


class FeatureClassifier(nn.Module):
    """A timm backbone with one linear layer; gives logits `(B, classes)` and pooled features `(B, D)`."""

    def __init__(self, backbone: nn.Module, features: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        self.backbone = backbone
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features, num_classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.backbone(images)
        return self.head(self.dropout(features)), features


@register_model("classification")
def resnet_light(
    num_classes: int,
    *,
    width: int = 32,
    blocks: Sequence[int] = (2, 2, 2, 2),
    drop_path: float = 0.0,
    dropout: float = 0.1,
) -> FeatureClassifier:
    """ResNet with basic blocks, a three-convolution stem and `width`, 2, 4, 8 x `width` channels."""
    backbone = timm.create_model(
        "resnet18",
        num_classes=0,
        layers=tuple(blocks),
        channels=tuple(width * 2**i for i in range(4)),
        stem_type="deep",
        stem_width=width // 2,
        drop_path_rate=drop_path,
    )
    return FeatureClassifier(backbone, width * 8, num_classes, dropout)
