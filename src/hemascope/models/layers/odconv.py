"""Omni-dimensional dynamic convolution (Li et al. 2022) as EfficientNet-DSP (2026) has it: depthwise, dynamic ReLU."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from hemascope.errors import ModelError
from hemascope.models.layers.dynamic_relu import DynamicRelu

_REDUCTION, _MIN_HIDDEN = 16, 16  # of the attention's hidden layer, as in the reference code of ODConv
_FIRST_TEMPERATURE = 30.0
_ANNEALING_EPOCHS = 10


class OmniDynamicDepthwise(nn.Module):
    """Depthwise convolution of `(B, C, H, W)` whose kernels `(B, C, k, k)` are made for each image of the batch.

    From the pooled input `z (B, C)`, `h = dynamic_relu(W z)` and four heads give a weight for each place of the kernel,
    for each input channel, for each output filter (sigmoids) and for each of the K `kernels` (softmax at a
    temperature); the kernel of an image is `sum_n kernel_weight_n * filter * channel * place * W_n` (ODConv, eq. 3). In
    a depthwise convolution channel and filter are the same, yet both heads are there, as in the paper's figure 6.

    The temperature falls from 30 to 1 over the first ten epochs (`begin_epoch`): all kernels learn before one is
    preferred. A network that is never told the epoch has temperature 1. How far it fell is part of the weights, so an
    average of them, a checkpoint and an export answer as the network that was trained.

    In torch the batch is folded into the groups of one convolution, several times as fast as the alternatives. ONNX
    fixes the number of groups and so the batch: there one convolution picks the k x k neighbours of each place, and
    their weighted sum is the same result.
    """

    def __init__(self, convolution: nn.Conv2d, kernels: int = 4) -> None:
        """Takes the size, stride and padding of a depthwise convolution without bias, and its weights as the K kernels.

        Each kernel starts a little apart from the others, by a tenth of their spread.
        """
        super().__init__()
        channels = convolution.in_channels
        if convolution.groups != channels or convolution.out_channels != channels or convolution.bias is not None:
            raise ModelError(f"dynamic kernels are for depthwise convolutions without bias, not for {convolution}")
        self.side = convolution.kernel_size[0]
        self.stride = convolution.stride[0]
        self.padding = self.side // 2
        start = convolution.weight.detach().reshape(1, channels, self.side**2)
        apart = torch.randn(kernels, channels, self.side**2, device=start.device) * start.std() / 10
        self.kernels = nn.Parameter(start + apart * (kernels > 1))
        hidden = max(channels // _REDUCTION, _MIN_HIDDEN)
        self.reduce = nn.Sequential(nn.Linear(channels, hidden), DynamicRelu(hidden))
        self.of_place = nn.Linear(hidden, self.side**2)
        self.of_channel = nn.Linear(hidden, channels)
        self.of_filter = nn.Linear(hidden, channels)
        self.of_kernel = nn.Linear(hidden, kernels)
        # an integer, because averages of weights copy those and blend the rest
        self.register_buffer("annealed_epochs", torch.tensor(_ANNEALING_EPOCHS))

    def begin_epoch(self, epoch: int) -> None:
        """Sets the temperature of epoch `epoch`, counted from 0."""
        self.annealed_epochs.fill_(min(epoch, _ANNEALING_EPOCHS))  # type: ignore[operator]  # a buffer

    @property
    def temperature(self) -> Tensor:
        left: Tensor = 1 - self.annealed_epochs / _ANNEALING_EPOCHS  # type: ignore[operator,assignment]  # a buffer
        return 1 + (_FIRST_TEMPERATURE - 1) * left

    def forward(self, x: Tensor) -> Tensor:
        kernels = self._kernels(x.mean(dim=(2, 3)))
        return self._weighted_patches(x, kernels) if torch.compiler.is_exporting() else self._grouped(x, kernels)

    def _kernels(self, pooled: Tensor) -> Tensor:
        """`(B, C)` to `(B, C, k * k)`."""
        hidden = self.reduce(pooled)
        share = torch.softmax(self.of_kernel(hidden) / self.temperature, dim=1)
        mixed = (share @ self.kernels.flatten(1)).reshape(-1, *self.kernels.shape[1:])
        of_map = torch.sigmoid(self.of_channel(hidden)) * torch.sigmoid(self.of_filter(hidden))
        return mixed * torch.sigmoid(self.of_place(hidden))[:, None, :] * of_map[:, :, None]

    def _grouped(self, x: Tensor, kernels: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        weights = kernels.reshape(batch * channels, 1, self.side, self.side)
        folded = x.reshape(1, batch * channels, height, width)
        result = functional.conv2d(folded, weights, None, self.stride, self.padding, groups=batch * channels)
        return result.reshape(batch, channels, *result.shape[2:])

    def _weighted_patches(self, x: Tensor, kernels: Tensor) -> Tensor:
        channels, places = kernels.shape[1:]
        pick = torch.eye(places, dtype=x.dtype, device=x.device).reshape(places, 1, self.side, self.side)
        of_one_channel = x.reshape(-1, 1, *x.shape[2:])  # or the file would hold `pick` once for each channel
        patches = functional.conv2d(of_one_channel, pick, None, self.stride, self.padding)
        by_place = patches.reshape(-1, channels, places, *patches.shape[2:])
        return (by_place * kernels[:, :, :, None, None]).sum(dim=2)
