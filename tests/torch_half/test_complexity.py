import pytest
import torch
from torch import Tensor, nn

from hemascope.models import create_model, list_models
from hemascope.models.complexity import Complexity, measure_complexity
from torch_half.small_models import SMALL


class _Detector(nn.Module):
    """Two convolutions, of which `predict` runs one more than `forward`."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.second = nn.Conv2d(4, 5, 1, stride=2, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        result: Tensor = self.first(images)
        return result

    def predict(self, images: Tensor) -> Tensor:
        result: Tensor = self.second(self(images))
        return result


@pytest.mark.parametrize(
    ("network", "parameters", "macs"),
    [
        (nn.Conv2d(3, 8, 3, padding=1), 8 * 27 + 8, 8 * 27 * 6 * 10),
        (nn.Conv2d(3, 6, 3, stride=2, padding=1, groups=3), 6 * 9 + 6, 6 * 9 * 3 * 5),
        (nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 7)), 3 * 7 + 7, 3 * 7),
        (nn.BatchNorm2d(3), 6, 0),
        (_Detector(), 3 * 4 * 9 + 4 * 5, 3 * 4 * 9 * 6 * 10 + 4 * 5 * 3 * 5),
    ],
    ids=["convolution", "grouped and strided", "linear", "norm", "detector up to its boxes"],
)
def test_parameters_and_multiply_adds_are_those_counted_by_hand(network: nn.Module, parameters: int, macs: int) -> None:
    assert measure_complexity(network, 6, 10) == Complexity(parameters, macs)


def test_no_memory_is_needed_where_the_work_does_not_depend_on_the_image() -> None:
    options = {"path_aggregation": True} | SMALL["retinanet_light"]
    there = create_model("retinanet_light", task="detection", num_classes=2, **options)
    with torch.device("meta"):
        nowhere = create_model("retinanet_light", task="detection", num_classes=2, **options)
    assert measure_complexity(nowhere, 64, 96) == measure_complexity(there, 64, 96)


@pytest.mark.parametrize("training", [True, False])
def test_measuring_leaves_the_network_as_it_was(training: bool) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).train(training)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    measure_complexity(network, 8, 8)
    assert network.training is training
    assert all((before[key] == value).all() for key, value in network.state_dict().items())


@pytest.mark.parametrize("name", list_models("detection"))
def test_every_detector_can_be_measured(name: str) -> None:
    network = create_model(name, task="detection", num_classes=2, **SMALL.get(name, {}))
    measured = measure_complexity(network, 64, 64)
    assert measured.parameters == sum(p.numel() for p in network.parameters())
    assert measured.macs > 0
