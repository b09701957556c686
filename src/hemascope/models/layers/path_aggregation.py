"""A second, bottom-up path over a feature pyramid, guided by what the coarser level sees (thesis section 4.2.1)."""

from collections.abc import Sequence

from torch import Tensor, nn

from hemascope.models.layers.fpn import CoarserLevels

_REDUCTION = 16
_MIN_HIDDEN = 16


class GlobalAttentionStep(nn.Module):
    """One level down the path: `conv3x3(w * conv3x3_stride2(N_i) + P_{i+1})`.

    `w = sigmoid(W2 relu(W1 z))` weighs the channels, and z is the mean of P_{i+1} over the whole map: the coarse level
    says which of the fine level's details count. The thesis leaves the hidden width open; here it is a sixteenth of
    the channels, and at least 16.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(channels // _REDUCTION, _MIN_HIDDEN)
        self.down = nn.Conv2d(channels, channels, 3, stride=2, padding=1)
        self.guide = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels), nn.Sigmoid())
        self.smooth = nn.Conv2d(channels, channels, 3, padding=1)
        for convolution in (self.down, self.smooth):
            nn.init.kaiming_uniform_(convolution.weight, a=1)  # linear gain: no level shrinks on the way down
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]  # both have a bias

    def forward(self, finer: Tensor, coarser: Tensor) -> Tensor:
        weights = self.guide(coarser.mean(dim=(2, 3)))[:, :, None, None]
        result: Tensor = self.smooth(weights * self.down(finer) + coarser)
        return result


class GlobalAttentionPath(nn.Module):
    """GA-PAN: `levels` maps P `(B, channels, H_i, W_i)`, finest first, to N of the same sizes.

    The finest stays as it is. Each map must be half as high and wide as the one before it, rounded up. `extra_levels`
    coarser maps follow for a pyramid that has none of its own, made from the last N as `CoarserLevels` says.
    """

    def __init__(self, channels: int, levels: int, extra_levels: int = 0) -> None:
        super().__init__()
        self.steps = nn.ModuleList(GlobalAttentionStep(channels) for _ in range(levels - 1))
        self.extra = CoarserLevels(channels, channels, extra_levels)

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        aggregated = [levels[0]]
        for step, coarser in zip(self.steps, levels[1:], strict=True):
            aggregated.append(step(aggregated[-1], coarser))
        return [*aggregated, *self.extra(aggregated[-1])]
