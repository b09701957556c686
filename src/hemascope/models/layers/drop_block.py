"""Dropping of whole blocks of a map (Ghiasi et al. 2018), more of them the deeper the layer (EfficientNet-DSP 2026)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from hemascope.errors import ModelError


class DropBlock(nn.Module):
    """Sets squares of `block x block` places of `(B, C, H, W)` to zero in training, about the share `drop` of all.

    A block starts with probability `drop * W * H / (block^2 * (W - block + 1) * (H - block + 1))` (eq. 9) at every
    place where it lies wholly inside; on a smaller map it is as large as the map's shorter side. All channels
    of an image lose the same places. What is kept is rescaled to the mean of before. timm's `DropBlock2d` also starts
    blocks that stick out of the map, which eq. 9 does not count on.
    """

    def __init__(self, drop: float, block: int = 5) -> None:
        super().__init__()
        if not 0 <= drop < 1:
            raise ModelError(f"the share to drop is {drop}; it must be at least 0 and below 1")
        self.drop = drop
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.drop == 0:
            return x
        kept = self._kept(x)
        # at least 1: where all is gone, as from one image that is a single block, the branch gives 0, not 0 / 0
        return x * kept * (kept.numel() / kept.sum(dtype=torch.float32).clamp(min=1)).to(x.dtype)

    def _kept(self, x: Tensor) -> Tensor:
        """`(B, 1, H, W)`, 1 where `x` stays and 0 where it is dropped."""
        height, width = x.shape[-2:]
        block = min(self.block, height, width)
        starts_high, starts_wide = height - block + 1, width - block + 1
        start = self.drop * width * height / (block**2 * starts_high * starts_wide)
        seeds = x.new_empty(len(x), 1, starts_high, starts_wide).bernoulli_(min(start, 1.0))
        reach = block - 1
        return 1 - functional.max_pool2d(functional.pad(seeds, [reach] * 4), block, stride=1)


def drop_share(number: int, depth: int, start: float, final: float) -> float:
    """Share that block `number` (1 to `depth`) drops: straight from `start` to `final`, which the last block has.

    With `start` 0 this is eq. 8 of EfficientNet-DSP, whose general form forgets to add `start`.
    """
    return start + (final - start) * number / depth
