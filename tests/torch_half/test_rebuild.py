import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import hemascope
from hemascope.errors import ModelError
from hemascope.export.bundle import load_run
from hemascope.export.rebuild import rebuild_network, refresh_norms
from hemascope.inference.bundle import load_bundle
from hemascope.inference.session import open_session

SHIPPED = Path(hemascope.__file__).parent / "bundles"


def outputs(model: nn.Module, batch: torch.Tensor) -> list[np.ndarray]:  # type: ignore[type-arg]
    with torch.no_grad():
        found = model.predict(batch) if hasattr(model, "predict") else model(batch)
    return [one.numpy() for one in found]


@pytest.mark.parametrize("name", ["classifier-light", "detector-light"])
def test_shipped_bundle_can_be_rebuilt_and_repeats_its_outputs(name: str) -> None:
    bundle = load_bundle(SHIPPED / name)
    model = rebuild_network(bundle)
    side = bundle.manifest.preprocessing.input_size
    batch = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))
    expected = open_session(bundle, threads=1).run(batch.numpy())
    for one, other in zip(outputs(model, batch), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3 * np.abs(other).max())


@pytest.mark.parametrize("kind", ["detector", "classifier"])
def test_exported_run_and_rebuilt_bundle_compute_the_same(kind: str, request: pytest.FixtureRequest) -> None:
    trained = load_run(request.getfixturevalue(f"{kind}_run")).model
    rebuilt = rebuild_network(load_bundle(request.getfixturevalue(f"{kind}_bundle")))
    side = 96 if kind == "detector" else 48
    batch = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    for one, other in zip(outputs(rebuilt, batch), outputs(trained, batch), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3 * max(np.abs(other).max(), 1))


def test_refreshed_norms_change_nothing_when_serving_and_little_when_training(classifier_bundle: Path) -> None:
    model = rebuild_network(load_bundle(classifier_bundle))
    batch = torch.rand(64, 3, 48, 48, generator=torch.Generator().manual_seed(1))
    before = outputs(model, batch)[0]
    untouched = model.train()(batch)[0].detach().numpy()
    model = rebuild_network(load_bundle(classifier_bundle))
    refresh_norms(model, [batch[:32], batch[32:]])
    np.testing.assert_allclose(outputs(model, batch)[0], before, atol=1e-3)
    model.train()
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            layer.eval()
    training = model(batch)[0].detach().numpy()
    assert np.abs(training - before).max() < 0.05 * np.abs(before).max()
    assert np.abs(untouched - before).max() > np.abs(training - before).max()


def test_bundle_without_options_says_what_to_do(classifier_bundle: Path, tmp_path: Path) -> None:
    bundle = load_bundle(classifier_bundle)
    old = bundle.manifest.model_copy(update={"architecture_options": None})
    with pytest.raises(ModelError, match=r"architecture_options.*folder of its run"):
        rebuild_network(type(bundle)(old, bundle.folder))


@pytest.mark.parametrize("options", [{"width": 16}, {"blocks": [2, 1, 1, 1]}])
def test_wrong_options_are_noticed(classifier_bundle: Path, options: dict[str, object]) -> None:
    bundle = load_bundle(classifier_bundle)
    right = json.loads(bundle.manifest.model_dump_json())["architecture_options"]
    wrong = bundle.manifest.model_copy(update={"architecture_options": right | options})
    with pytest.raises(ModelError, match="cannot be told apart"):
        rebuild_network(type(bundle)(wrong, bundle.folder))
