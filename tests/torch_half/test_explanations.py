"""Where networks look: on networks that are known to look somewhere."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from typer.testing import CliRunner

from hemascope.cli.main import app
from hemascope.errors import ModelError
from hemascope.evaluation.explain import Picture, explain_network
from hemascope.evaluation.explanations import AttentiveNetwork, grad_cam, head_maps


class BrightCorner(nn.Module):
    """Class 0 is the mean of red, class 1 of blue; the second convolution has a grid of 4 x 4 places."""

    def __init__(self) -> None:
        super().__init__()
        self.shrink = nn.Conv2d(3, 3, 8, stride=8, groups=3, bias=False)
        self.mix = nn.Conv2d(3, 2, 1, bias=False)
        nn.init.constant_(self.shrink.weight, 1 / 64)
        self.mix.weight.data = torch.tensor([[1.0, 0, 0], [0, 0, 1.0]])[..., None, None]

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.mix(self.shrink(images)).mean(dim=(2, 3))
        return logits, logits


class Gazing(nn.Module):
    """Two heads on a grid of 2 x 2 patches; each looks at one patch, in the last layer only."""

    def __init__(self, *, selects: bool) -> None:
        super().__init__()
        self.selects = selects
        self.head = nn.Linear(3, 2)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = images.mean(dim=(2, 3))
        return self.head(features), features

    def attention_maps(self, images: Tensor) -> tuple[Tensor, Tensor, int]:
        maps = torch.zeros(len(images), 3, 2, 5, 5)
        maps[:, -1, 0, 0, 1 + 1] = 0.5  # top right
        maps[:, -1, 1, 0, 1 + 2] = 0.8  # bottom left
        maps[:, 0, :, 0, 1] = 1.0
        selected = (
            torch.tensor([[1, 2]] * len(images)) if self.selects else torch.zeros(len(images), 0, dtype=torch.long)
        )
        return maps, selected, 2

    def combined_map(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=1)


def test_grad_cam_lights_up_where_the_class_is() -> None:
    images = torch.zeros(2, 3, 32, 32)
    images[:, 0, :8, :8] = 1  # red in the top left
    images[:, 2, 24:, 24:] = 1  # blue in the bottom right
    heat = grad_cam(BrightCorner().eval(), images, torch.tensor([0, 1]))
    assert heat.shape == (2, 32, 32)
    assert heat.amax(dim=(1, 2)).tolist() == [1, 1]
    assert heat[0, :8, :8].mean() > 0.5
    assert heat[1, 24:, 24:].mean() > 0.5
    assert heat[0, 16:, 16:].max() == heat[1, :16, :16].max() == 0


def test_grad_cam_leaves_no_hook_and_no_gradient_behind() -> None:
    network = BrightCorner().eval()
    heat = grad_cam(network, torch.rand(1, 3, 32, 32), torch.tensor([0]))
    assert not heat.requires_grad
    assert not any(module._forward_hooks for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize(
    ("network", "side", "message"),
    [(nn.Sequential(nn.Conv2d(3, 4, 4), nn.Flatten()), 32, "needs a network of convolutions"),
     (BrightCorner(), 8, "leave no feature map")],
    ids=["patches only", "one place"],
)  # fmt: skip
def test_grad_cam_refuses_what_has_no_map(network: nn.Module, side: int, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        grad_cam(network, torch.rand(1, 3, side, side), torch.tensor([0]))


@pytest.mark.parametrize("selects", [True, False])
def test_head_maps_are_scaled_rows_of_the_class_token(selects: bool) -> None:
    network = Gazing(selects=selects)
    assert isinstance(network, AttentiveNetwork)
    assert not isinstance(BrightCorner(), AttentiveNetwork)
    looks, selected = head_maps(network, torch.rand(3, 3, 8, 8))
    assert looks.shape == (3, 2, 2, 2)
    assert selected.shape == (3, 2 if selects else 0)
    if selects:  # all layers count: the first one looks at the top left twice as much as the last at its patch
        assert looks[0, 0].tolist() == [[1, 0.5], [0, 0]]
    else:
        assert looks[0, 0].tolist() == [[0, 1], [0, 0]]
        assert looks[0, 1].tolist() == [[0, 0], [1, 0]]


@pytest.mark.parametrize("network", [BrightCorner(), Gazing(selects=True), Gazing(selects=False)])
def test_every_picture_is_explained_and_enough_of_them_get_a_map(network: nn.Module, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [
        Picture(f"p{i}", rng.integers(0, 255, (32, 32, 3), dtype=np.uint8), "a" if i % 2 else None) for i in range(11)
    ]
    explain_network(network, ("a", "b"), pictures[:2], tmp_path / "few")
    assert sorted(p.name for p in (tmp_path / "few").iterdir()) == ["cells.csv", "looks"]
    explain_network(network, ("a", "b"), pictures, tmp_path / "many")
    assert (tmp_path / "many" / "map.png").is_file()
    assert len(list((tmp_path / "many" / "looks").iterdir())) == 11
    with (tmp_path / "many" / "cells.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["label"] for row in rows[:2]] == ["", "a"]
    assert all(0.5 <= float(row["probability"]) <= 1 for row in rows)


def test_explain_command_takes_labels_from_folders_and_names_what_it_cannot_read(
    classifier_run: Path, cells_root: Path, tmp_path: Path
) -> None:
    picture = next(cells_root.glob("images/monocyte/*.png"))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    arguments = [str(a) for a in ("explain", classifier_run, picture, tmp_path / "broken.png", "--out", out)]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 1
    assert "broken.png" in outcome.stderr
    with (out / "cells.csv").open() as stream:
        (row,) = csv.DictReader(stream)
    assert (row["name"], row["label"]) == (picture.stem, "monocyte")
    with Image.open(out / "looks" / f"{picture.stem}.png") as drawn:
        assert drawn.width > drawn.height


def test_explain_command_refuses_a_detector(detector_run: Path, cells_root: Path, tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["explain", str(detector_run), str(cells_root), "--out", str(tmp_path / "o")])
    assert isinstance(outcome.exception, ModelError)
    assert "only classifiers" in str(outcome.exception)
