"""ADSA-Net: a ResNeXt with dilated pyramid and shuffle attention (Shao et al. 2024)."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import timm
from torch import Tensor, nn

from hemascope.models._pretrained import reach_hub
from hemascope.models._registry import register_model
from hemascope.models.layers.adspp import AdaptivePyramidPooling
from hemascope.models.layers.sae import ShuffleAttentionTransformer

_EXPANSION = 4  # a bottleneck's output channels over its width


class _Shortcut(nn.Sequential):
    """A map to the channels and size of a later stage's input; its norm starts at zero, so it adds nothing at first."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        norm = nn.BatchNorm2d(out_channels)
        nn.init.zeros_(norm.weight)
        super().__init__(nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), norm)


class PyramidShortcuts(nn.Module):
    """ADSPP on the first stage's output, and what of it is added to the inputs of the third and the last."""

    def __init__(self, stage_channels: Sequence[int], branch_channels: int) -> None:
        super().__init__()
        first, second, third, _ = stage_channels
        self.pyramid = AdaptivePyramidPooling(first, branch_channels)
        self.to_third = _Shortcut(first, second, stride=2)
        self.to_last = _Shortcut(first, third, stride=4)

    def forward(self, first: Tensor) -> tuple[Tensor, Tensor]:
        context = self.pyramid(first)
        return self.to_third(context), self.to_last(context)


class AdsaNet(nn.Module):
    """A timm ResNeXt whose max-pool is removed; gives logits `(B, classes)` and pooled features `(B, D)`.

    The first stage works at half the image's size. `shortcuts` is None without ADSPP. With `sae_groups` an SAE follows
    each of the first three stages; ADSPP takes the first one's output before it.
    """

    def __init__(
        self,
        backbone: Any,
        stage_channels: Sequence[int],
        num_classes: int,
        *,
        shortcuts: PyramidShortcuts | None,
        sae_groups: int | None,
        dropout: float,
    ) -> None:
        super().__init__()
        backbone.maxpool = nn.Identity()
        self.backbone = backbone
        self.shortcuts = shortcuts
        self.attention = nn.ModuleList(
            nn.Identity() if sae_groups is None else ShuffleAttentionTransformer(channels, sae_groups)
            for channels in stage_channels[:3]
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(stage_channels[-1], num_classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        net, (after_first, after_second, after_third) = self.backbone, self.attention
        first = net.layer1(net.act1(net.bn1(net.conv1(images))))
        to_third, to_last = (0, 0) if self.shortcuts is None else self.shortcuts(first)
        second = after_second(net.layer2(after_first(first)))
        third = after_third(net.layer3(second + to_third))
        features = net.layer4(third + to_last).mean(dim=(2, 3))
        return self.head(self.dropout(features)), features


@register_model("classification")
def adsa_net(
    num_classes: int,
    *,
    adspp: bool = True,
    sae: bool = True,
    sae_groups: int = 8,
    pretrained: bool = False,
    dropout: float = 0.0,
    drop_path: float = 0.0,
) -> AdsaNet:
    """The published network on ResNeXt50-32x4d; `pretrained` on ImageNet.

    `adspp` and `sae` are switched off for the ablation (table 3); without both it is a ResNeXt50 without max-pool.
    """
    with reach_hub() if pretrained else nullcontext():
        backbone = timm.create_model("resnext50_32x4d", pretrained=pretrained, num_classes=0, drop_path_rate=drop_path)
    channels = [64 * _EXPANSION * 2**i for i in range(4)]
    shortcuts = PyramidShortcuts(channels, branch_channels=64) if adspp else None
    groups = sae_groups if sae else None
    return AdsaNet(backbone, channels, num_classes, shortcuts=shortcuts, sae_groups=groups, dropout=dropout)


@register_model("classification")
def adsa_net_small(
    num_classes: int,
    *,
    width: int = 12,
    blocks: Sequence[int] = (1, 1, 2, 1),
    cardinality: int = 8,
    branch_channels: int = 16,
    adspp: bool = True,
    sae: bool = True,
    sae_groups: int = 8,
    dropout: float = 0.0,
    drop_path: float = 0.0,
) -> AdsaNet:
    """The same network for crops of about a hundred pixels and training on a processor.

    `width` is a quarter of the first stage's channels, a multiple of a quarter of `cardinality` and of `sae_groups`;
    ADSPP's branches have `branch_channels` each. Other options as `adsa_net`.
    """
    backbone = timm.create_model(
        "resnext50_32x4d",
        num_classes=0,
        layers=tuple(blocks),
        channels=tuple(width * 2**i for i in range(4)),
        cardinality=cardinality,
        base_width=128 // cardinality,  # inner width of a block: twice `width`, as in ResNeXt50
        drop_path_rate=drop_path,
    )
    channels = [width * _EXPANSION * 2**i for i in range(4)]
    shortcuts = PyramidShortcuts(channels, branch_channels) if adspp else None
    groups = sae_groups if sae else None
    return AdsaNet(backbone, channels, num_classes, shortcuts=shortcuts, sae_groups=groups, dropout=dropout)
