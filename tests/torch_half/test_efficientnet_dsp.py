from typing import Any

import pytest
import torch
from timm.models._efficientnet_blocks import InvertedResidual
from torch import nn
from torchvision.models import efficientnet_v2_s

from hemascope.errors import ModelError
from hemascope.models import create_model
from hemascope.models.classifiers.efficientnet_dsp import (
    ATTENTIONS,
    EfficientNetDsp,
    _efficientnet_v2,
    load_torchvision_weights,
)
from hemascope.models.complexity import Complexity, measure_complexity
from hemascope.models.layers.drop_block import DropBlock
from hemascope.models.layers.odconv import OmniDynamicDepthwise
from hemascope.models.layers.sar import ShuffleAttentionResidual
from hemascope.training.schedule import WeightAverage
from torch_half.small_models import SMALL

BASE = {"attention": "se", "drop_block": 0.0, "dynamic_kernels": 0}
FULL_DEPTHS = (2, 4, 4, 6, 9, 15)


def build(name: str = "efficientnet_dsp", **options: Any) -> EfficientNetDsp:
    torch.manual_seed(0)
    network = create_model(name, task="classification", num_classes=4, **options)
    assert isinstance(network, EfficientNetDsp)
    return network


def small(**options: Any) -> EfficientNetDsp:
    return build(**(SMALL["efficientnet_dsp"] | options))


def size_of(side: int, name: str = "efficientnet_dsp", **options: Any) -> Complexity:
    with torch.device("meta"):
        return measure_complexity(build(name, **options), side, side)


def kinds(network: nn.Module, kind: type[nn.Module]) -> int:
    return sum(isinstance(module, kind) for module in network.modules())


def test_default_is_as_large_as_the_paper_says() -> None:
    size = size_of(224)
    print(f"{size.parameters / 1e6:.2f} M parameters, {size.macs / 1e9:.3f} G multiply-adds")  # noqa: T201  # the anchor
    assert size.parameters == pytest.approx(17.63e6, rel=0.03)
    assert size.macs == pytest.approx(1.96e9, rel=0.05)


def test_base_of_full_depth_is_efficientnetv2_s() -> None:
    size = size_of(224, depths=FULL_DEPTHS, **BASE)
    with torch.device("meta"):
        library = efficientnet_v2_s(num_classes=4)
    assert size == measure_complexity(library, 224, 224)
    # the paper's 21.45 M are those of the 1000 classes of ImageNet; its 2.90 G count more than multiply-adds
    assert size.parameters + 996 * 1281 == pytest.approx(21.45e6, rel=0.001)
    assert size.macs == pytest.approx(2.90e9, rel=0.03)


def test_small_one_computes_less_than_a_resnet18_at_112_pixels() -> None:
    size = size_of(112, "efficientnet_dsp_small")
    assert size.parameters < 2e6
    assert size.macs < 0.1e9


def test_parts_are_where_the_paper_puts_them() -> None:
    network = build()
    blocks = [block for stage in network.backbone.blocks for block in stage]  # type: ignore[union-attr]
    inverted = [block for block in blocks if isinstance(block, InvertedResidual)]
    assert (len(blocks), len(inverted)) == (28, 20)
    assert all(isinstance(block.se, ShuffleAttentionResidual) for block in inverted)
    dynamic = [block for block in blocks if isinstance(getattr(block, "conv_dw", None), OmniDynamicDepthwise)]
    assert dynamic == inverted[-16:]  # stages 5 and 6
    shares = [block.drop_path.drop for block in blocks]
    assert shares == pytest.approx([0.1 * n / 28 for n in range(1, 29)])


@pytest.mark.parametrize(
    ("change", "dynamic", "shuffled", "dropping"),
    [
        ({}, 0, 0, 0),
        ({"drop_block": 0.1}, 0, 0, 7),
        ({"dynamic_kernels": 4}, 3, 0, 0),
        ({"attention": "sar"}, 0, 4, 0),
        ({"attention": "sar", "dynamic_kernels": 4, "drop_block": 0.1}, 3, 4, 7),
    ],
    ids=["base", "DyDropBlock", "Dy-ODConv", "SAR", "all"],
)
def test_every_rung_of_the_ablation_can_be_built(
    change: dict[str, Any], dynamic: int, shuffled: int, dropping: int
) -> None:
    network = small(**(BASE | change))
    assert kinds(network, OmniDynamicDepthwise) == dynamic
    assert kinds(network, ShuffleAttentionResidual) == shuffled
    assert sum(isinstance(module, DropBlock) and module.drop > 0 for module in network.modules()) == dropping


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_network_learns_two_pictures_in_mixed_precision_with_every_attention(attention: str) -> None:
    network = small(attention=attention, drop_block=0.05).train()
    pictures, labels = torch.rand(2, 3, 33, 47).repeat(4, 1, 1, 1), torch.tensor([0, 3]).repeat(4)
    optimiser, losses = torch.optim.AdamW(network.parameters(), lr=5e-3), []
    for step in range(15):
        network.begin_epoch(step)
        with torch.autocast("cpu", torch.bfloat16):
            loss = nn.functional.cross_entropy(network(pictures)[0], labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_the_epoch_reaches_every_dynamic_kernel() -> None:
    network = small()
    network.begin_epoch(0)
    layers = [module for module in network.modules() if isinstance(module, OmniDynamicDepthwise)]
    assert [layer.temperature.item() for layer in layers] == [30.0] * 3


def test_average_of_the_weights_is_as_warm_as_the_network() -> None:
    network = small()
    average = WeightAverage(network, decay=0.999)
    network.begin_epoch(3)
    average.update(network)
    layers = [module for module in average.model.modules() if isinstance(module, OmniDynamicDepthwise)]
    assert [layer.temperature.item() for layer in layers] == pytest.approx([21.3] * 3)


def test_weights_of_torchvision_make_its_network() -> None:
    torch.manual_seed(0)
    library = efficientnet_v2_s().eval()
    for module in library.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.running_mean, std=0.1)  # type: ignore[arg-type]
    ours = _efficientnet_v2(FULL_DEPTHS, (24, 48, 64, 128, 160, 256), 1280).eval()
    load_torchvision_weights(ours, library.state_dict())
    library.classifier = nn.Identity()
    with torch.no_grad():
        images = torch.rand(1, 3, 64, 64)
        torch.testing.assert_close(ours(images), library(images), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attention": "sea"}, "attention is 'sea'; choose one of: se, eca, cbam, sar"),
        ({"depths": (1, 2, 3)}, "must be 6 numbers each"),
        ({"depths": (1, 2, 3, 0, 1, 1)}, "at least 1"),
        ({"pretrained": True, "head_width": 64}, "pretrained weights exist for widths"),
        ({"drop_block": 1.5}, "the share to drop is"),
    ],
    ids=["attention", "stages", "empty stage", "pretrained", "share"],
)
def test_option_that_cannot_be_used_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        build(**options)
