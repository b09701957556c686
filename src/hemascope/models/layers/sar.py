"""Shuffle attention with a residual (EfficientNet-DSP 2026, section 3.2)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from hemascope.errors import ModelError

_KERNEL = 7  # of the convolutions along the height and the width
_MAX_NORM_GROUPS = 16


class _LineAttention(nn.Module):
    """Weights in 0..1 of each place of a line `(N, C, L)`: depthwise convolution, group norm, sigmoid (eq. 5, 6)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(channels, channels, _KERNEL, padding=_KERNEL // 2, groups=channels, bias=False)
        self.norm = nn.GroupNorm(math.gcd(_MAX_NORM_GROUPS, channels), channels)

    def forward(self, line: Tensor) -> Tensor:
        return torch.sigmoid(self.norm(self.convolution(line)))


class ShuffleAttentionResidual(nn.Module):
    """SAR: `x + shuffle(x * y_h * y_w)` of a map `(B, channels, H, W)`; `channels` must be a multiple of `groups`.

    The channels are cut into `groups`, each of which is a sample of its own to the layers that follow. The mean along
    the width (eq. 3) and along the height (eq. 4) become one weight for every row and every column of each channel
    (eq. 7); the shuffle then mixes the channels of the groups. The paper leaves the number of groups open: 8 as in
    SA-Net's small settings. Group norm has 16 groups, as in ELA (its reference 14), or the largest power of two that
    divides the channels of a group.
    """

    def __init__(self, channels: int, groups: int = 8) -> None:
        super().__init__()
        if channels % groups:
            raise ModelError(f"shuffle attention cannot cut {channels} channels into {groups} equal groups")
        self.groups = groups
        self.along_height = _LineAttention(channels // groups)
        self.along_width = _LineAttention(channels // groups)

    def forward(self, x: Tensor) -> Tensor:
        rows = self._weights(self.along_height, x.mean(dim=3))
        columns = self._weights(self.along_width, x.mean(dim=2))
        return x + functional.channel_shuffle(x * rows[:, :, :, None] * columns[:, :, None, :], self.groups)

    def _weights(self, attention: _LineAttention, line: Tensor) -> Tensor:
        """`(B, C, L)` to `(B, C, L)`. Only the pooled lines are folded into the batch, the map stays in place."""
        folded = line.reshape(-1, line.shape[1] // self.groups, line.shape[2])
        weights: Tensor = attention(folded)
        return weights.reshape(line.shape)
