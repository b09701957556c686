"""Piecewise linear activation whose slopes depend on the input (Chen et al. 2020)."""

import torch
from torch import Tensor, nn

_SLOPE_RANGE, _OFFSET_RANGE = 1.0, 0.5  # lambda_a and lambda_b of the paper
_REDUCTION = 4
_PIECES = 2


class DynamicRelu(nn.Module):
    """`max(a1 x + b1, a2 x + b2)` with slopes and offsets of each channel read off the pooled input `(B, C, ...)`.

    That is DY-ReLU-B (eq. 4 and 5 with K = 2): `a1 = 1`, `a2 = b1 = b2 = 0`, a plain ReLU, plus what two fully
    connected layers add, at most 1 to a slope and 0.5 to an offset.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(channels // _REDUCTION, 4)
        self.coefficients = nn.Sequential(
            nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, 2 * _PIECES * channels), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        pooled = x.flatten(2).mean(dim=2) if x.ndim > 2 else x
        change = (2 * self.coefficients(pooled) - 1).reshape(-1, 2 * _PIECES, x.shape[1], *[1] * (x.ndim - 2))
        a1, a2, b1, b2 = change.unbind(dim=1)
        first = (1 + _SLOPE_RANGE * a1) * x + _OFFSET_RANGE * b1
        return torch.maximum(first, _SLOPE_RANGE * a2 * x + _OFFSET_RANGE * b2)
