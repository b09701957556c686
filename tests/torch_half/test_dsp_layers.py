"""The layers of EfficientNet-DSP against loops, and at their limits."""

import math
from typing import TypeVar

import pytest
import torch
from torch import Tensor, nn

from hemascope.errors import ModelError
from hemascope.models.layers.drop_block import DropBlock, drop_share
from hemascope.models.layers.dynamic_relu import DynamicRelu
from hemascope.models.layers.odconv import OmniDynamicDepthwise
from hemascope.models.layers.sar import ShuffleAttentionResidual

Layer = TypeVar("Layer", bound=nn.Module)


def shaken(layer: Layer) -> Layer:
    """The layer with random numbers in the places that start at 0 or 1."""
    torch.manual_seed(0)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.5)
    return layer


# --- shuffle attention with residual ---


def slow_line_attention(lines: Tensor, kernel: Tensor, scale: Tensor, shift: Tensor, norm_groups: int) -> Tensor:
    """`(C, L)`: eq. 5 and 6, one number at a time."""
    channels, length = lines.shape
    convolved = torch.zeros(channels, length)
    for c in range(channels):
        for i in range(length):
            for k in range(7):
                if 0 <= i + k - 3 < length:
                    convolved[c, i] += kernel[c, 0, k] * lines[c, i + k - 3]
    size = channels // norm_groups
    for group in range(norm_groups):
        part = convolved[group * size : (group + 1) * size]
        mean = part.mean()
        variance = ((part - mean) ** 2).mean()
        convolved[group * size : (group + 1) * size] = (part - mean) / torch.sqrt(variance + 1e-5)
    return 1 / (1 + torch.exp(-(convolved * scale[:, None] + shift[:, None])))


def slow_sar(layer: ShuffleAttentionResidual, image: Tensor) -> Tensor:
    channels, height, width = image.shape
    size = channels // layer.groups
    weighted = torch.zeros_like(image)
    for group in range(layer.groups):
        part = image[group * size : (group + 1) * size]
        rows, columns = (
            slow_line_attention(
                lines, along.convolution.weight, along.norm.weight, along.norm.bias, along.norm.num_groups
            )
            for lines, along in ((part.mean(dim=2), layer.along_height), (part.mean(dim=1), layer.along_width))
        )
        for y in range(height):
            for x in range(width):
                weighted[group * size : (group + 1) * size, y, x] = part[:, y, x] * rows[:, y] * columns[:, x]
    result = image.clone()
    for c in range(channels):  # the shuffle: channel j of group i becomes number j * groups + i
        result[(c % size) * layer.groups + c // size] += weighted[c]
    return result


@pytest.mark.parametrize(
    ("channels", "groups", "height", "width"),
    [(16, 4, 5, 3), (24, 8, 4, 9), (6, 1, 3, 3), (16, 8, 1, 1)],
    ids=["odd sides", "eight groups", "one group", "one place"],
)
def test_shuffle_attention_does_what_its_equations_say(channels: int, groups: int, height: int, width: int) -> None:
    layer = shaken(ShuffleAttentionResidual(channels, groups))
    images = torch.randn(2, channels, height, width)
    with torch.no_grad():
        expected = torch.stack([slow_sar(layer, image) for image in images])
        torch.testing.assert_close(layer(images), expected, rtol=1e-4, atol=1e-5)


def test_shuffle_attention_that_weighs_nothing_leaves_the_map_as_it_is() -> None:
    layer, images = ShuffleAttentionResidual(16, 4), torch.randn(1, 16, 6, 5)
    nn.init.constant_(layer.along_height.norm.bias, -1e4)
    torch.testing.assert_close(layer(images), images)


def test_shuffle_attention_refuses_channels_that_it_cannot_cut() -> None:
    with pytest.raises(ModelError, match="cannot cut 20 channels into 8 equal groups"):
        ShuffleAttentionResidual(20)


# --- dropping of blocks ---


def slow_mask(seeds: Tensor, block: int, height: int, width: int) -> Tensor:
    mask = torch.ones(height, width)
    for y, x in seeds.nonzero().tolist():
        mask[y : y + block, x : x + block] = 0
    return mask


@pytest.mark.parametrize(
    ("height", "width", "block"), [(14, 14, 5), (7, 11, 5), (3, 6, 3), (1, 1, 1)], ids=["map", "wide", "clipped", "one"]
)
def test_what_is_dropped_is_made_of_whole_blocks(height: int, width: int, block: int) -> None:
    torch.manual_seed(0)
    layer = DropBlock(0.3)
    kept = layer._kept(torch.ones(64, 3, height, width))[:, 0]
    assert set(kept.unique().tolist()) <= {0.0, 1.0}
    for mask in kept:
        # a block may start wherever all its places are gone: painting all those gives the mask again
        starts = nn.functional.max_pool2d(mask[None, None], block, stride=1)[0, 0] == 0
        torch.testing.assert_close(slow_mask(starts, block, height, width), mask)


@pytest.mark.parametrize(("side", "drop"), [(14, 0.1), (7, 0.1), (4, 0.2), (28, 0.02)])
def test_share_of_the_map_that_is_dropped_is_about_the_one_asked_for(side: int, drop: float) -> None:
    torch.manual_seed(0)
    gone = 1 - DropBlock(drop)._kept(torch.ones(3000, 1, side, side)).mean().item()
    assert 0.75 * drop < gone < 1.1 * drop  # blocks that overlap drop less than eq. 9 counts


def test_what_is_kept_has_the_mean_of_before() -> None:
    torch.manual_seed(0)
    layer, images = DropBlock(0.2).train(), torch.rand(8, 4, 12, 12)
    assert layer(torch.full((8, 4, 12, 12), 3.0)).mean().item() == pytest.approx(3, rel=1e-5)
    means = torch.stack([layer(images).mean() for _ in range(400)])
    assert means.std() > 1e-4
    assert means.mean().item() == pytest.approx(images.mean().item(), rel=0.005)


def test_nothing_is_dropped_in_evaluation_or_at_share_zero() -> None:
    images = torch.rand(2, 3, 8, 8)
    assert DropBlock(0.5).eval()(images) is images
    assert DropBlock(0.0).train()(images) is images


def test_batch_of_one_that_loses_everything_is_zero_and_finite() -> None:
    layer, images = DropBlock(0.99).train(), torch.ones(1, 2, 1, 1)
    torch.manual_seed(0)
    values = torch.stack([layer(images) for _ in range(20)])
    assert values.isfinite().all()
    assert (values == 0).any()


@pytest.mark.parametrize("drop", [-0.1, 1.0])
def test_impossible_share_is_refused(drop: float) -> None:
    with pytest.raises(ModelError, match="at least 0 and below 1"):
        DropBlock(drop)


def test_share_grows_straight_with_the_depth() -> None:
    assert [drop_share(n, 4, 0.0, 0.2) for n in (1, 2, 3, 4)] == pytest.approx([0.05, 0.1, 0.15, 0.2])
    assert [drop_share(n, 2, 0.1, 0.3) for n in (0, 1, 2)] == pytest.approx([0.1, 0.2, 0.3])


# --- dynamic ReLU ---


def slow_dynamic_relu(layer: DynamicRelu, image: Tensor) -> Tensor:
    """`(C, L)`, one channel at a time."""
    first, second = layer.coefficients[0], layer.coefficients[2]
    assert isinstance(first, nn.Linear)
    assert isinstance(second, nn.Linear)
    hidden = (first.weight @ image.mean(dim=1) + first.bias).clamp(min=0)
    change = 2 / (1 + torch.exp(-(second.weight @ hidden + second.bias))) - 1
    channels, result = len(image), torch.zeros_like(image)
    for c in range(channels):
        a1, a2, b1, b2 = (change[k * channels + c] for k in range(4))
        for i, x in enumerate(image[c]):
            result[c, i] = max((1 + a1) * x + 0.5 * b1, a2 * x + 0.5 * b2)
    return result


@pytest.mark.parametrize("shape", [(3, 8), (2, 8, 5, 3), (1, 8, 1, 1)], ids=["vectors", "maps", "one place"])
def test_dynamic_relu_does_what_its_equations_say(shape: tuple[int, ...]) -> None:
    layer = shaken(DynamicRelu(8))
    x = torch.randn(shape)
    with torch.no_grad():
        expected = torch.stack([slow_dynamic_relu(layer, image.reshape(8, -1)) for image in x]).reshape(shape)
        torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_dynamic_relu_whose_coefficients_stay_put_is_a_relu() -> None:
    layer, x = DynamicRelu(8), torch.randn(4, 8, 3, 3)
    nn.init.zeros_(layer.coefficients[2].weight)  # type: ignore[arg-type]
    nn.init.zeros_(layer.coefficients[2].bias)  # type: ignore[arg-type]
    torch.testing.assert_close(layer(x), x.clamp(min=0))


# --- dynamic convolution ---


def depthwise(channels: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, 3, stride=stride, padding=1, groups=channels, bias=False)


def slow_dynamic_convolution(layer: OmniDynamicDepthwise, image: Tensor) -> Tensor:
    """`(C, H, W)`: the kernels one after the other, each convolved on its own (ODConv, eq. 3)."""
    hidden = layer.reduce(image.mean(dim=(1, 2))[None])
    share = torch.softmax(layer.of_kernel(hidden)[0] / layer.temperature, dim=0)
    place, channel, filters = (
        torch.sigmoid(head(hidden))[0] for head in (layer.of_place, layer.of_channel, layer.of_filter)
    )
    total = torch.zeros(())
    for n, kernel in enumerate(layer.kernels):
        weighted = torch.stack(
            [share[n] * filters[c] * channel[c] * (place * kernel[c]).reshape(3, 3) for c in range(len(image))]
        )
        total = total + nn.functional.conv2d(
            image[None], weighted[:, None], stride=layer.stride, padding=1, groups=len(image)
        )
    return total[0]


@pytest.mark.parametrize(
    ("batch", "height", "width", "stride"), [(3, 6, 6, 1), (2, 7, 5, 2), (1, 1, 1, 1)], ids=["even", "odd", "one place"]
)
def test_dynamic_convolution_does_what_its_equation_says(batch: int, height: int, width: int, stride: int) -> None:
    layer = shaken(OmniDynamicDepthwise(depthwise(8, stride)))
    layer.begin_epoch(8)
    images = torch.randn(batch, 8, height, width)
    with torch.no_grad():
        expected = torch.stack([slow_dynamic_convolution(layer, image) for image in images])
        torch.testing.assert_close(layer(images), expected, rtol=1e-4, atol=1e-5)
        kernels = layer._kernels(images.mean(dim=(2, 3)))
        torch.testing.assert_close(layer._weighted_patches(images, kernels), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_dynamic_convolution_of_one_kernel_and_neutral_attention_is_a_plain_one(stride: int) -> None:
    plain = depthwise(8, stride)
    layer, images = OmniDynamicDepthwise(plain, kernels=1), torch.randn(2, 8, 9, 6)
    for head in (layer.of_place, layer.of_channel, layer.of_filter):
        nn.init.zeros_(head.weight)
        nn.init.constant_(head.bias, 100.0)
    torch.testing.assert_close(layer(images), plain(images))


def test_each_image_has_a_kernel_of_its_own() -> None:
    layer = shaken(OmniDynamicDepthwise(depthwise(8)))
    one, other = layer._kernels(torch.randn(2, 8))  # type: ignore[operator]
    assert (one - other).abs().max() > 1e-3


def test_temperature_falls_from_30_to_1_over_ten_epochs_and_is_part_of_the_weights() -> None:
    layer, twin = OmniDynamicDepthwise(depthwise(8)), OmniDynamicDepthwise(depthwise(8))
    assert layer.temperature.item() == 1
    seen = []
    for epoch in (0, 5, 10, 11, 500):
        layer.begin_epoch(epoch)
        seen.append(layer.temperature.item())
    assert seen == pytest.approx([30, 15.5, 1, 1, 1])
    layer.begin_epoch(3)
    twin.load_state_dict(layer.state_dict())
    assert twin.temperature.item() == layer.temperature.item() == pytest.approx(21.3)


def test_hot_attention_uses_all_kernels_alike() -> None:
    layer = shaken(OmniDynamicDepthwise(depthwise(8)))
    hidden = layer.reduce(torch.randn(64, 8))
    spread = []
    for epoch in (0, 10):
        layer.begin_epoch(epoch)
        share = torch.softmax(layer.of_kernel(hidden) / layer.temperature, dim=1)
        spread.append((share - 0.25).abs().max().item())
    assert spread[0] < 0.1 < spread[1]
    assert math.isfinite(spread[1])


@pytest.mark.parametrize(
    "convolution",
    [nn.Conv2d(8, 8, 3), nn.Conv2d(8, 16, 3, groups=8), nn.Conv2d(8, 8, 3, groups=8, bias=True)],
    ids=["dense", "two filters a channel", "with bias"],
)
def test_convolution_that_is_not_depthwise_is_refused(convolution: nn.Conv2d) -> None:
    with pytest.raises(ModelError, match="depthwise convolutions without bias"):
        OmniDynamicDepthwise(convolution)


# --- all of them ---


@pytest.mark.parametrize(
    "layer",
    [ShuffleAttentionResidual(16), DropBlock(0.1), DynamicRelu(16), OmniDynamicDepthwise(depthwise(16))],
    ids=["shuffle attention", "drop block", "dynamic relu", "dynamic convolution"],
)
@pytest.mark.parametrize("batch", [1, 3])
def test_layer_trains_in_mixed_precision(layer: nn.Module, batch: int) -> None:
    torch.manual_seed(0)
    images = torch.randn(batch, 16, 7, 5).to(memory_format=torch.channels_last).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        result = layer.train()(images)
    assert result.shape == images.shape
    assert result.isfinite().all()
    result.float().square().sum().backward()
    assert images.grad is not None
    assert images.grad.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())
