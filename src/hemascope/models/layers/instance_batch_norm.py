"""Instance norm beside batch norm (Pan et al. 2018), each made from a batch norm and with as many parameters."""

import torch
from torch import Tensor, nn


class InstanceBatchNorm(nn.Module):
    """The first half of the channels of `(B, C, H, W)` by instance norm, the rest by batch norm.

    Scale, shift and running figures are those of the batch norm that it replaces.
    """

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.single = norm.num_features // 2  # channels normalised by image
        rest = norm.num_features - self.single
        self.instance = nn.InstanceNorm2d(self.single, eps=norm.eps, affine=True)
        self.batch = nn.BatchNorm2d(rest, eps=norm.eps, momentum=norm.momentum)
        self.instance.load_state_dict({key: norm.state_dict()[key][: self.single] for key in ("weight", "bias")})
        self.batch.load_state_dict(
            {key: value[self.single :] if value.ndim else value for key, value in norm.state_dict().items()}
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.instance(x[:, : self.single]), self.batch(x[:, self.single :])], dim=1)


def instance_norm_like(norm: nn.BatchNorm2d) -> nn.InstanceNorm2d:
    """An instance norm with the scale and shift of a batch norm."""
    instance = nn.InstanceNorm2d(norm.num_features, eps=norm.eps, affine=True)
    instance.load_state_dict({key: norm.state_dict()[key] for key in ("weight", "bias")})
    return instance
