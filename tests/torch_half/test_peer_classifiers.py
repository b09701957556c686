from typing import Any

import pytest
import torch
import torchvision
from torchvision.models import WeightsEnum

from hemascope.errors import ModelError
from hemascope.models import create_model
from hemascope.models.classifiers import peers
from hemascope.models.complexity import measure_complexity
from torch_half.small_models import small_options

PEERS = [*peers._TIMM, *peers._TIMM_OF_ONE_SIZE, *peers._TORCHVISION]


@pytest.mark.parametrize(
    ("name", "parameters"),
    # of ImageNet's 1000 classes, as the papers and libraries give them; those marked * are in table 2 of
    # EfficientNet-DSP (whose ViT is another one)
    [
        ("alexnet", 61.10),  # *
        ("efficientnet_b0", 5.29),  # *
        ("efficientnetv2_s", 21.46),  # *
        ("googlenet", 6.62),  # *
        ("inception_v3", 23.83),
        ("mobilenetv3", 5.48),
        ("resnet34", 21.80),  # *
        ("resnet50", 25.56),
        ("resnext50", 25.03),
        ("seresnet50", 28.09),
        ("shufflenet_v2", 1.37),  # *
        ("swin_tiny", 28.29),
        ("vgg16_bn", 138.37),
        ("vit_small", 22.05),
    ],
)
def test_peer_is_the_network_of_its_paper(name: str, parameters: float) -> None:
    with torch.device("meta"):
        network = create_model(name, task="classification", num_classes=1000)
    assert measure_complexity(network, 224, 224).parameters / 1e6 == pytest.approx(parameters, abs=0.01)


def test_every_peer_has_an_anchor() -> None:
    (mark,) = (m for m in test_peer_is_the_network_of_its_paper.pytestmark if m.name == "parametrize")  # type: ignore[attr-defined]
    assert sorted(name for name, _ in mark.args[1]) == sorted(PEERS)


@pytest.mark.parametrize("size", [56, 96])
@pytest.mark.parametrize("name", peers._TIMM_OF_ONE_SIZE)
def test_network_of_one_size_is_built_for_the_size_asked_for(name: str, size: int) -> None:
    options = small_options(name) | {"image_size": size}
    network = create_model(name, task="classification", num_classes=3, **options).eval()
    with torch.no_grad():
        assert network(torch.rand(2, 3, size, size))[0].shape == (2, 3)


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_weights_of_the_inceptions_are_taken_without_their_second_classifiers(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = torchvision.models.get_model(name, weights=None, init_weights=False)
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda *_, **__: published.state_dict())
    network = create_model(name, task="classification", num_classes=3, pretrained=True)
    taken, given = network.state_dict(), published.state_dict()
    kept = [key for key in given if not key.startswith(("fc.", "aux", "AuxLogits."))]
    assert [key for key in kept if not torch.equal(taken[f"backbone.{key}"], given[key])] == []
    assert len(kept) == sum(key.startswith("backbone.") for key in taken)


@pytest.mark.parametrize("name", ["resnet34", "alexnet", "ibn_resnet34", "efficientnet_dsp"])
def test_weights_out_of_reach_name_the_option(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any, **__: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(WeightsEnum, "get_state_dict", unreachable)
    monkeypatch.setattr("timm.models._builder.load_pretrained", unreachable)
    with pytest.raises(ModelError, match=r"no route to host.*pretrained: false"):
        create_model(name, task="classification", num_classes=3, pretrained=True)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("resnet34", {"width": 3}, "has no option 'width'"),
        ("resnet34", {"library": {"layerz": (1,)}}, "cannot be built with the options"),
        ("vit_small", {"image_size": "large"}, "cannot be built with the options"),
        ("resnet50", {"image_size": 64}, "has no option 'image_size'"),
    ],
    ids=["unknown", "unknown to the library", "text for a number", "of any size"],
)
def test_option_that_a_peer_lacks_is_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        create_model(name, task="classification", num_classes=3, **options)
