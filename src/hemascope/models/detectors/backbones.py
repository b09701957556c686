"""Backbones: the narrow residual network of all light detectors, and how torchvision's detectors take one."""

from collections.abc import Sequence

import timm
from torch import Tensor, nn
from torchvision.ops import FeaturePyramidNetwork

LIGHT_STRIDES = (8, 16, 32)


def light_backbone(width: int, blocks: Sequence[int], output_stride: int = 32, with_detail: bool = False) -> nn.Module:
    """ResNet with `width`, 2, 4, 8 x `width` channels; gives the maps of strides 8, 16 and 32 as a list.

    With `output_stride` 16 the last stage is dilated instead of strided; `with_detail` the map of stride 4 comes first.
    """
    backbone: nn.Module = timm.create_model(
        "resnet18",
        features_only=True,
        out_indices=(1, 2, 3, 4) if with_detail else (2, 3, 4),
        layers=tuple(blocks),
        channels=tuple(width * 2**i for i in range(4)),
        stem_type="deep",
        stem_width=width // 2,
        output_stride=output_stride,
    )
    return backbone


def light_channels(width: int) -> list[int]:
    """Channels of the three maps of `light_backbone`."""
    return [width * 2, width * 4, width * 8]


class NamedMaps(nn.Module):
    """A backbone as torchvision's detectors want it: maps named `0`, `1`, ... and the attribute `out_channels`."""

    def __init__(self, body: nn.Module, out_channels: Sequence[int]) -> None:
        super().__init__()
        self.body = body
        self.out_channels = list(out_channels)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return {str(i): feature for i, feature in enumerate(self.body(images))}


class PyramidMaps(nn.Module):
    """`NamedMaps` followed by torchvision's feature pyramid of `channels` channels."""

    def __init__(self, body: nn.Module, in_channels: Sequence[int], channels: int) -> None:
        super().__init__()
        self.body = body
        self.fpn = FeaturePyramidNetwork(list(in_channels), channels)
        self.out_channels = channels

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        levels: dict[str, Tensor] = self.fpn({str(i): feature for i, feature in enumerate(self.body(images))})
        return levels
