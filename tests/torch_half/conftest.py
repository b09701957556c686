"""Runs and bundles that the tests of the torch half share: each network is trained and exported once a session."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dataset_builders import (
    classification_recipe,
    detection_recipe,
    optimisation,
    write_identity,
    write_pbc,
    write_recipe,
    write_txl_pbc,
)

if find_spec("torch") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)  # the networks are tiny, and spinning threads fight over a busy processor


@pytest.fixture(scope="session")
def fields_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two painted fields, the same ones for training (ten times an epoch) and validation."""
    return write_txl_pbc(tmp_path_factory.mktemp("data") / "txl-pbc", {"train": [0, 1] * 12, "val": [0, 1]})


@pytest.fixture(scope="session")
def cells_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pbc(tmp_path_factory.mktemp("data") / "pbc", {"train": 8, "val": 1})


@pytest.fixture(scope="session")
def detector_run(fields_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector that knows its two fields by heart."""
    recipe = detection_recipe(optimisation=optimisation(epochs=16, lr=0.005, warmup_steps=10, validate_every=16))
    return _train(recipe, fields_root, tmp_path_factory.mktemp("runs") / "detector")


@pytest.fixture(scope="session")
def classifier_run(cells_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    recipe = classification_recipe(
        optimisation=optimisation(epochs=12, batch_size=11, lr=0.01, validate_every=12),
        augmentation={"colour": 0.0, "blur": 0.0, "mixup": 0.0, "label_smoothing": 0.0},
    )
    return _train(recipe, cells_root, tmp_path_factory.mktemp("runs") / "classifier")


@pytest.fixture(scope="session")
def detector_bundle(detector_run: Path, fields_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _export(detector_run, fields_root, tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def classifier_bundle(classifier_run: Path, cells_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _export(classifier_run, cells_root, tmp_path_factory.mktemp("bundles"))


def _train(recipe: dict[str, object], data: Path, out: Path) -> Path:
    from hemascope.cli.main import app

    recipe_file = write_recipe(out.with_suffix(".yaml"), recipe)
    outcome = CliRunner().invoke(app, ["train", str(recipe_file), "--data", str(data), "--out", str(out)])
    assert outcome.exit_code == 0, outcome.exception
    return out


def _export(run: Path, data: Path, folder: Path) -> Path:
    from hemascope.cli.main import app

    identity = write_identity(folder / "identity.yaml", f"tiny-{run.name}")
    out = folder / run.name
    arguments = ["export", str(run), "--identity", str(identity), "--data", str(data), "--out", str(out)]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.exception
    return out
