"""Shuffle attention with a spatial transformer, SAE (Shao et al. 2024, section 1.3)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

_POOLED = 8  # side of what the localisation net sees
_HIDDEN = 8


class SpatialTransformer(nn.Module):
    """Warps each map `(B, C, H, W)` by an affine transform that it predicts from it (eqs. 9 to 11).

    Localisation net: mean over an 8x8 grid, 3x3 convolution, ReLU, FC to theta (2x3). Its output is scaled by six
    learnt numbers that start at zero and added to the identity, so that at the start the map stays where it is.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.localise = nn.Sequential(
            nn.AdaptiveAvgPool2d(_POOLED),
            nn.Conv2d(channels, _HIDDEN, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Flatten(),
            nn.Linear(_HIDDEN * _POOLED**2, 6),
        )
        self.scale = nn.Parameter(torch.zeros(6))

    def theta(self, feature: Tensor) -> Tensor:
        """`(B, 2, 3)` float32, from output to input coordinates, both -1..1 over the map; rows are x and y."""
        moved: Tensor = self.localise(feature).float() * self.scale
        return moved.reshape(-1, 2, 3) + torch.eye(2, 3, device=moved.device)

    def forward(self, feature: Tensor) -> Tensor:
        grid = _affine_grid(self.theta(feature), feature.shape[-2], feature.shape[-1])
        warped = functional.grid_sample(feature.float(), grid, align_corners=False)
        return warped.to(feature.dtype)


class ShuffleAttentionTransformer(nn.Module):
    """SAE: channel attention on one half of each of `groups` groups, spatial attention on the other (eqs. 5 to 13).

    `(B, channels, H, W)` to the same shape; `channels` must be a multiple of `2 * groups`. The half with channel
    attention is mixed with the other by a convolution of kernel 1 and warped by a spatial transformer. All weights are
    shared by the groups.

    Two decisions make it harmless at the start, where it multiplies its input by sigmoid(1): the mixing begins as the
    identity on its own half, and the shuffle at the end is undone at the beginning, so that each channel comes out at
    its own place, where the next layer's (pretrained) weights expect it. Which channels form a group is arbitrary.
    """

    def __init__(self, channels: int, groups: int = 8) -> None:
        super().__init__()
        half = channels // (2 * groups)
        if half * 2 * groups != channels or half == 0:
            raise ValueError(
                f"{channels} channels cannot be halved in {groups} groups; choose a divisor of {channels // 2}"
            )
        self.half_channels = half
        self.channel_weight = nn.Parameter(torch.zeros(half))
        self.channel_bias = nn.Parameter(torch.ones(half))
        self.spatial_weight = nn.Parameter(torch.zeros(half))
        self.spatial_bias = nn.Parameter(torch.ones(half))
        self.mix = nn.Conv1d(2 * half, half, 1)
        with torch.no_grad():
            self.mix.weight.copy_(torch.eye(half, 2 * half)[..., None])
        nn.init.zeros_(self.mix.bias)  # type: ignore[arg-type]  # it has one
        self.transformer = SpatialTransformer(half)

    def forward(self, feature: Tensor) -> Tensor:
        batch_halves = (-1, feature.shape[1] // 2, *feature.shape[-2:])
        group_halves = (-1, self.half_channels, *feature.shape[-2:])
        # even and odd channels are the halves that the shuffle at the end puts back
        halves = feature.reshape(-1, feature.shape[1] // 2, 2, *feature.shape[-2:]).unbind(dim=2)
        spatial, channel = (half.reshape(group_halves) for half in halves)
        channel = channel * _gate(channel.mean(dim=(2, 3), keepdim=True), self.channel_weight, self.channel_bias)
        # without weights of its own: spatial_weight and spatial_bias are its affine part
        normed = functional.group_norm(spatial, self.half_channels).to(spatial.dtype)
        spatial = spatial * _gate(normed, self.spatial_weight, self.spatial_bias)
        mixed: Tensor = self.mix(torch.cat([channel, spatial], dim=1).flatten(2))
        warped = self.transformer(mixed.reshape(group_halves))
        return torch.stack([spatial.reshape(batch_halves), warped.reshape(batch_halves)], dim=2).flatten(1, 2)


def _gate(value: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """`sigmoid(weight * value + bias)` channel by channel, in the type of `value`."""
    return (weight.to(value.dtype)[:, None, None] * value + bias.to(value.dtype)[:, None, None]).sigmoid()


def _affine_grid(theta: Tensor, height: int, width: int) -> Tensor:
    """Sampling grid `(B, height, width, 2)` of theta `(B, 2, 3)` (eq. 10), pixel centres at odd multiples of 1/side.

    torch's `affine_grid` multiplies in bfloat16 under autocast, which has eight bits for a place.
    """
    x = (torch.arange(width, device=theta.device) * 2 + 1) / width - 1
    y = (torch.arange(height, device=theta.device) * 2 + 1) / height - 1
    terms = theta[:, None, None]  # (B, 1, 1, 2, 3)
    return terms[..., 0] * x[None, None, :, None] + terms[..., 1] * y[None, :, None, None] + terms[..., 2]
