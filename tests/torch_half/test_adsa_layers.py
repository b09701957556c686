import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from hemascope.models.layers.adspp import AdaptivePyramidPooling
from hemascope.models.layers.sae import ShuffleAttentionTransformer, SpatialTransformer


def shake(module: nn.Module, seed: int = 0) -> nn.Module:
    """Every weight and every running mean away from its start."""
    torch.manual_seed(seed)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) * 0.8 + 0.2 if tensor.ndim == 1 else torch.randn_like(tensor) * 0.3)
    return module.eval()


def slow_convolution(layer: nn.Conv2d, image: Tensor, dilation: int) -> Tensor:
    """A 3x3 convolution, one place and one tap at a time."""
    _, height, width = image.shape
    result = torch.zeros(layer.out_channels, height, width)
    for y in range(height):
        for x in range(width):
            for i in (-1, 0, 1):
                for j in (-1, 0, 1):
                    v, u = y + i * dilation, x + j * dilation
                    if 0 <= v < height and 0 <= u < width:
                        result[:, y, x] += layer.weight[:, :, i + 1, j + 1] @ image[:, v, u]
    return result


def slow_norm(norm: nn.BatchNorm2d, image: Tensor) -> Tensor:
    """Batch norm in evaluation, and ReLU."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return ((image - norm.running_mean[:, None, None]) * scale[:, None, None] + norm.bias[:, None, None]).clamp(min=0)


def slow_pyramid(layer: AdaptivePyramidPooling, image: Tensor, dilations: tuple[int, ...]) -> Tensor:
    """ADSPP of one image `(C, H, W)`."""
    pooled = image.flatten(1).mean(dim=1)
    branches = [slow_norm(layer.local[0][1], torch.einsum("oi,ihw->ohw", layer.local[0][0].weight[..., 0, 0], image))]  # type: ignore[index,arg-type]
    branches += [
        slow_norm(branch[1], slow_convolution(branch[0], image, dilation))  # type: ignore[index,arg-type]
        for branch, dilation in zip(layer.local[1:], dilations, strict=True)
    ]
    whole = layer.whole.weight[..., 0, 0] @ pooled
    branches.append(slow_norm(layer.whole_norm, whole[:, None, None].expand(-1, *image.shape[1:])))
    hidden = (layer.weigh[0].weight @ pooled + layer.weigh[0].bias).clamp(min=0)  # type: ignore[operator]
    scores = layer.weigh[2].weight @ hidden + layer.weigh[2].bias  # type: ignore[operator]
    weights = scores.exp() / scores.exp().sum()
    joined = torch.cat([w * branch for w, branch in zip(weights, branches, strict=True)])
    return slow_norm(layer.fuse[1], torch.einsum("oi,ihw->ohw", layer.fuse[0].weight[..., 0, 0], joined))  # type: ignore[index,arg-type]


@pytest.mark.parametrize(("height", "width"), [(6, 8), (5, 7), (1, 1)], ids=["even", "odd", "one place"])
def test_pyramid_does_what_it_says_branch_by_branch(height: int, width: int) -> None:
    layer, images = shake(AdaptivePyramidPooling(4, 3, (2, 3))), torch.randn(2, 4, height, width)
    assert isinstance(layer, AdaptivePyramidPooling)
    with torch.no_grad():
        expected = torch.stack([slow_pyramid(layer, image, (2, 3)) for image in images])
        torch.testing.assert_close(layer(images), expected, rtol=1e-4, atol=1e-5)
    assert expected.max() > 0


def test_paper_pyramid_has_five_branches_of_64_channels() -> None:
    layer = AdaptivePyramidPooling(256)
    dilations = [branch[0].dilation for branch in layer.local]  # type: ignore[index]
    assert dilations == [(1, 1), (6, 6), (12, 12), (18, 18)]
    assert layer.fuse[0].weight.shape == (256, 5 * 64, 1, 1)


def test_branches_are_weighed_by_what_the_image_holds() -> None:
    layer = shake(AdaptivePyramidPooling(4, 3, (2, 3)))
    assert isinstance(layer, AdaptivePyramidPooling)
    with torch.no_grad():
        weights = layer.branch_weights(torch.randn(3, 4, 5, 5) + torch.tensor([-2.0, 0.0, 2.0])[:, None, None, None])
    assert weights.shape == (3, 4)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(3))
    assert weights.std(dim=0).max() > 0.01


def test_pyramid_learns_from_a_batch_of_one() -> None:
    layer = AdaptivePyramidPooling(4, 3)
    layer(torch.randn(1, 4, 6, 6)).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())


def slow_sample(image: Tensor, theta: Tensor) -> Tensor:
    """Eqs. 10 and 11, place by place; `(C, H, W)`, zero outside."""
    _, height, width = image.shape
    result = torch.zeros_like(image)
    for y in range(height):
        for x in range(width):
            place = torch.tensor([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1, 1.0])
            u = ((theta[0] @ place).item() + 1) * width / 2 - 0.5
            v = ((theta[1] @ place).item() + 1) * height / 2 - 0.5
            for m in range(height):
                for n in range(width):
                    result[:, y, x] += image[:, m, n] * max(0, 1 - abs(u - n)) * max(0, 1 - abs(v - m))
    return result


def slow_attention(layer: ShuffleAttentionTransformer, image: Tensor) -> Tensor:
    """SAE of one image `(C, H, W)`, group by group, channel by channel (eqs. 5 to 13)."""
    half = layer.half_channels
    kernel = layer.mix.weight[..., 0]
    assert layer.mix.bias is not None
    first_halves, second_halves = [], []
    for start in range(0, len(image), 2 * half):
        group = image[start : start + 2 * half]
        x1, x0 = group[::2], group[1::2]
        xn, xs = torch.zeros_like(x0), torch.zeros_like(x1)
        for c in range(half):
            xn[c] = x0[c] * torch.sigmoid(layer.channel_weight[c] * x0[c].mean() + layer.channel_bias[c])
            normed = (x1[c] - x1[c].mean()) / (x1[c].var(unbiased=False) + 1e-5).sqrt()
            xs[c] = x1[c] * torch.sigmoid(layer.spatial_weight[c] * normed + layer.spatial_bias[c])
        mixed = torch.einsum("oi,ihw->ohw", kernel, torch.cat([xn, xs])) + layer.mix.bias[:, None, None]
        first_halves += list(xs)
        second_halves += list(slow_sample(mixed, layer.transformer.theta(mixed[None])[0]))
    # the shuffle: the first channel of the first half, the first of the second, and so on
    return torch.stack([channel for pair in zip(first_halves, second_halves, strict=True) for channel in pair])


@pytest.mark.parametrize(("height", "width"), [(8, 8), (5, 7), (9, 3)])
@pytest.mark.parametrize(("channels", "groups"), [(8, 2), (4, 2), (6, 1)])
def test_attention_does_what_its_equations_say(channels: int, groups: int, height: int, width: int) -> None:
    layer = shake(ShuffleAttentionTransformer(channels, groups))
    assert isinstance(layer, ShuffleAttentionTransformer)
    layer.transformer.scale.data *= 0.2
    images = torch.randn(2, channels, height, width)
    with torch.no_grad():
        expected = torch.stack([slow_attention(layer, image) for image in images])
        torch.testing.assert_close(layer(images), expected, rtol=1e-3, atol=1e-4)
        assert (layer.transformer.theta(images[:, : channels // (2 * groups)]) - torch.eye(2, 3)).abs().max() > 0.05


@pytest.mark.parametrize(("height", "width"), [(8, 8), (5, 7), (1, 1)])
def test_at_the_start_attention_only_scales(height: int, width: int) -> None:
    layer, images = ShuffleAttentionTransformer(32), torch.randn(2, 32, height, width)
    with torch.no_grad():
        torch.testing.assert_close(layer(images), images / (1 + math.exp(-1)), rtol=1e-4, atol=1e-5)


def test_at_the_start_theta_is_the_identity_and_can_learn() -> None:
    transformer, images = SpatialTransformer(3), torch.randn(4, 3, 9, 9)
    theta = transformer.theta(images)
    torch.testing.assert_close(theta.detach(), torch.eye(2, 3).expand(4, 2, 3), rtol=0, atol=0)
    torch.testing.assert_close(transformer(images).detach(), images)
    transformer(images).square().sum().backward()
    assert transformer.scale.grad is not None
    assert transformer.scale.grad.isfinite().all()
    assert transformer.scale.grad.abs().min() > 0


def test_theta_that_shifts_by_a_pixel_shifts_the_map_by_a_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    transformer, image = SpatialTransformer(2), torch.randn(1, 2, 6, 8)
    theta = torch.tensor([[[1.0, 0.0, 2 / 8], [0.0, 1.0, -2 / 6]]])  # looks one pixel to the right and one up
    monkeypatch.setattr(transformer, "theta", lambda _: theta)
    with torch.no_grad():
        moved = transformer(image)
    torch.testing.assert_close(moved[..., 1:, :-1], image[..., :-1, 1:], rtol=1e-4, atol=1e-5)
    assert moved[..., 0, :].abs().max() < 1e-5


def test_half_precision_keeps_the_places_exact() -> None:
    transformer, image = SpatialTransformer(2), torch.randn(1, 2, 57, 57).bfloat16()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        moved = transformer(image)
    assert moved.dtype == torch.bfloat16
    torch.testing.assert_close(moved, image, rtol=0.01, atol=1e-3)


def test_sampling_grid_is_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    transformer, images, theta = SpatialTransformer(2), torch.randn(3, 2, 5, 8), torch.randn(3, 2, 3)
    monkeypatch.setattr(transformer, "theta", lambda _: theta)
    grid = functional.affine_grid(theta, [3, 2, 5, 8], align_corners=False)
    expected = functional.grid_sample(images, grid, align_corners=False)
    torch.testing.assert_close(transformer(images), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("channels", "groups"), [(30, 8), (8, 8), (10, 5)])
def test_channels_must_halve_in_every_group(channels: int, groups: int) -> None:
    if channels % (2 * groups) == 0:
        assert ShuffleAttentionTransformer(channels, groups).half_channels == channels // (2 * groups)
    else:
        with pytest.raises(ValueError, match=f"{channels} channels cannot be halved in {groups} groups"):
            ShuffleAttentionTransformer(channels, groups)
