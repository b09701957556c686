"""Feature pyramid: one channel width for every level (Lin et al. 2017, section 3)."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional


class CoarserLevels(nn.ModuleList):
    """`count` maps below the coarsest one, each a stride-2 3x3 convolution of the ReLU of the map before.

    The first takes its map `(B, in_channels, H, W)` as it is (P6, P7 of RetinaNet). Sides are halved and rounded up.
    """

    def __init__(self, in_channels: int, channels: int, count: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels if i == 0 else channels, channels, 3, stride=2, padding=1) for i in range(count)
        )

    def forward(self, coarsest: Tensor) -> list[Tensor]:
        levels: list[Tensor] = []
        for layer in self:
            levels.append(layer(functional.relu(levels[-1]) if levels else coarsest))
        return levels


class FeaturePyramid(nn.Module):
    """Backbone maps `(B, C_i, H/2^i, W/2^i)`, finest first, to maps of `channels` channels, same sizes and order.

    `extra_levels` coarser maps follow, made from the backbone's last map as `CoarserLevels` says.
    """

    def __init__(self, in_channels: Sequence[int], channels: int, extra_levels: int = 0) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(c, channels, 1) for c in in_channels)
        self.smooth = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in in_channels)
        self.extra = CoarserLevels(in_channels[-1], channels, extra_levels)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        laterals = [layer(feature) for layer, feature in zip(self.lateral, features, strict=True)]
        for i in range(len(laterals) - 1, 0, -1):
            # nearest: both sides are multiples of the backbone's last stride, so each size is exactly double
            laterals[i - 1] = laterals[i - 1] + functional.interpolate(laterals[i], scale_factor=2.0, mode="nearest")
        levels = [layer(lateral) for layer, lateral in zip(self.smooth, laterals, strict=True)]
        return [*levels, *self.extra(features[-1])]
