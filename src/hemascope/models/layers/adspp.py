"""Adaptive dilated spatial pyramid pooling (Shao et al. 2024, section 1.2)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

DILATIONS = (6, 12, 18)
_REDUCTION = 16
_MIN_HIDDEN = 16


class _NormedConvolution(nn.Sequential):
    """Convolution of odd `kernel` that keeps the size, batch norm, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 1, dilation: int = 1) -> None:
        padding = dilation * (kernel // 2)
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel, padding=padding, dilation=dilation, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class AdaptivePyramidPooling(nn.Module):
    """ADSPP: `(B, channels, H, W)` to the same shape, seen at several ranges at once.

    Five branches of `branch_channels`: a 1x1 convolution, a 3x3 one for each of `dilations`, and the mean of the whole
    map. The paper calls them adaptive and does not say how: here each image weighs its branches by a softmax of a
    two-layer perceptron on its mean, before they are concatenated and brought back by a 1x1 convolution.
    """

    def __init__(self, channels: int, branch_channels: int = 64, dilations: Sequence[int] = DILATIONS) -> None:
        super().__init__()
        self.local = nn.ModuleList([_NormedConvolution(channels, branch_channels)])
        self.local.extend(_NormedConvolution(channels, branch_channels, 3, dilation) for dilation in dilations)
        self.whole = nn.Conv2d(channels, branch_channels, 1, bias=False)
        self.whole_norm = nn.BatchNorm2d(branch_channels)
        branches = len(self.local) + 1
        hidden = max(channels // _REDUCTION, _MIN_HIDDEN)
        self.weigh = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, branches))
        self.fuse = _NormedConvolution(branches * branch_channels, channels)

    def branch_weights(self, feature: Tensor) -> Tensor:
        """`(B, branches)`, each row sums to one; the branch of the whole map is last."""
        weights: Tensor = self.weigh(feature.mean(dim=(2, 3)))
        return weights.softmax(dim=1)

    def forward(self, feature: Tensor) -> Tensor:
        branches = [branch(feature) for branch in self.local]
        # spread before the norm: the statistics are the same, and a batch of one has more than one value a channel
        whole = self.whole(feature.mean(dim=(2, 3), keepdim=True)).expand(-1, -1, *feature.shape[-2:])
        branches.append(self.whole_norm(whole).relu())
        weights = self.branch_weights(feature)[..., None, None, None].unbind(dim=1)
        fused: Tensor = self.fuse(torch.cat([w * branch for w, branch in zip(weights, branches, strict=True)], dim=1))
        return fused
