from typing import Any

import pytest
import torch
from torch import Tensor, nn

from hemascope.errors import ModelError
from hemascope.models import create_model
from hemascope.models.layers.instance_batch_norm import InstanceBatchNorm, instance_norm_like


def build(name: str = "ibn_resnet_small", **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return create_model(name, task="classification", num_classes=4, **options)


def used_norm(channels: int) -> nn.BatchNorm2d:
    """A batch norm that has seen something."""
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(channels)
    for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        assert tensor is not None
        nn.init.uniform_(tensor, 0.5, 1.5)
    return norm


def slow_norm(values: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Eq. 1 to 3 and 4 to 6 of the paper: the same figures over one image or over the batch."""
    mean = values.sum() / values.numel()
    deviation = torch.sqrt(((values - mean) ** 2).sum() / values.numel() + 1e-5)
    return scale * (values - mean) / deviation + shift


@pytest.mark.parametrize("channels", [6, 7], ids=["even", "odd"])
def test_first_half_is_normalised_by_image_and_the_rest_by_batch(channels: int) -> None:
    norm, x = used_norm(channels), torch.randn(3, channels, 5, 4)
    result = InstanceBatchNorm(norm).train()(x)
    for c in range(channels):
        if c < channels // 2:
            expected = torch.stack([slow_norm(image[c], norm.weight[c], norm.bias[c]) for image in x])
        else:
            expected = slow_norm(x[:, c], norm.weight[c], norm.bias[c])
        torch.testing.assert_close(result[:, c], expected, rtol=1e-4, atol=1e-5)


def test_batch_half_goes_on_from_the_running_figures_of_the_norm_it_replaces() -> None:
    norm, x = used_norm(6).eval(), torch.randn(1, 6, 5, 4)
    torch.testing.assert_close(InstanceBatchNorm(norm).eval()(x)[:, 3:], norm(x)[:, 3:])


def test_instance_norm_keeps_scale_and_shift() -> None:
    norm, x = used_norm(4), torch.randn(2, 4, 5, 3)
    result = instance_norm_like(norm)(x)
    for image, out in zip(x, result, strict=True):
        for c in range(4):
            torch.testing.assert_close(out[c], slow_norm(image[c], norm.weight[c], norm.bias[c]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["ibn_resnet34", "ibn_resnet_small"])
@pytest.mark.parametrize("ibn", ["low", "a"])
def test_parameters_are_as_many_as_those_of_the_base(name: str, ibn: str) -> None:
    with torch.device("meta"):
        counts = [sum(p.numel() for p in build(name, ibn=kind).parameters()) for kind in (ibn, "none")]
        library = create_model("resnet34", task="classification", num_classes=4)
    assert counts[0] == counts[1]
    if name == "ibn_resnet34":
        assert counts[0] == sum(p.numel() for p in library.parameters())


@pytest.mark.parametrize(("ibn", "last"), [("low", nn.InstanceNorm2d), ("a", nn.BatchNorm2d), ("none", nn.BatchNorm2d)])
def test_first_norm_of_each_block_is_replaced(ibn: str, last: type[nn.Module]) -> None:
    with torch.device("meta"):
        backbone: Any = build("ibn_resnet34", ibn=ibn).backbone
    low = [type(block.bn1) for layer in (backbone.layer1, backbone.layer2, backbone.layer3) for block in layer]
    assert low == [nn.BatchNorm2d if ibn == "none" else InstanceBatchNorm] * 13
    assert [type(block.bn1) for block in backbone.layer4] == [last] * 3
    assert isinstance(backbone.layer4[0].bn2, nn.BatchNorm2d)


def test_norm_sees_less_of_the_colour_and_light_of_a_single_image() -> None:
    layer, x = InstanceBatchNorm(used_norm(4)), torch.rand(2, 4, 6, 6)
    with torch.no_grad():
        change = (layer.eval()(1.7 * x + 0.3) - layer(x)).abs().amax(dim=(0, 2, 3))
    assert change[:2].max() < 1e-3 < change[2:].min()


@pytest.mark.parametrize("ibn", ["low", "a", "none"])
def test_network_has_gradients_in_mixed_precision(ibn: str) -> None:
    network = build(width=8, blocks=(1, 1, 1, 1), ibn=ibn).train()
    with torch.autocast("cpu", torch.bfloat16):
        logits, _ = network(torch.rand(2, 3, 65, 97))
    logits.float().square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(ModelError, match="ibn is 'b'; choose one of: low, a, none"):
        build(ibn="b")
