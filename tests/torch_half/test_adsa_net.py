from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import timm
import torch
from torch import Tensor, nn

from hemascope.errors import ModelError
from hemascope.export.to_onnx import export_classifier
from hemascope.models import create_model
from hemascope.models.classifiers.adsa_net import AdsaNet
from hemascope.models.complexity import measure_complexity
from torch_half.small_models import SMALL

ABLATION = [{}, {"adspp": False}, {"sae": False}, {"adspp": False, "sae": False}]
every_rung = pytest.mark.parametrize("options", ABLATION, ids=["both", "+SAE", "+ADSPP", "base"])


def build(*, learned: bool = True, **options: Any) -> AdsaNet:
    torch.manual_seed(0)
    options = SMALL["adsa_net_small"] | options
    model = create_model("adsa_net_small", task="classification", num_classes=4, **options)
    assert isinstance(model, AdsaNet)
    if learned:  # what starts at zero or as the identity does something
        for parameter in model.parameters():
            if parameter.ndim == 1:
                nn.init.uniform_(parameter, 0.2, 0.8)
    return model.eval()


def paper(**options: Any) -> nn.Module:
    """Of full size, and without memory."""
    with torch.device("meta"):
        return create_model("adsa_net", task="classification", num_classes=4, **options)


@pytest.mark.parametrize(
    ("options", "parameters_m", "macs_g"),
    list(zip(ABLATION, (23.98, 23.02, 23.95, 22.99), (24.12, 16.72, 23.96, 16.56), strict=True)),
    ids=["both", "+SAE", "+ADSPP", "base"],
)
def test_cost_of_each_rung_of_the_ablation(options: dict[str, Any], parameters_m: float, macs_g: float) -> None:
    measured = measure_complexity(paper(**options), 224, 224)
    assert (round(measured.parameters / 1e6, 2), round(measured.macs / 1e9, 2)) == (parameters_m, macs_g)


def test_small_one_computes_less_than_a_resnet18() -> None:
    with torch.device("meta"):
        small = create_model("adsa_net_small", task="classification", num_classes=11)
        resnet = timm.create_model("resnet18", num_classes=11)
    measured, limit = measure_complexity(small, 112, 112), measure_complexity(resnet, 112, 112)
    assert (round(measured.parameters / 1e6, 2), round(measured.macs / 1e9, 2)) == (0.42, 0.20)
    assert measured.macs < limit.macs


def test_base_is_the_librarys_resnext_without_max_pool() -> None:
    with torch.device("meta"):
        library: Any = timm.create_model("resnext50_32x4d", num_classes=4)
    base = paper(adspp=False, sae=False)
    assert measure_complexity(base, 224, 224).parameters == measure_complexity(library, 224, 224).parameters
    library.maxpool = nn.Identity()
    assert measure_complexity(base, 224, 224) == measure_complexity(library, 224, 224)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (45, 71), (33, 16)], ids=["even", "odd", "small"])
def test_stages_work_at_a_half_a_quarter_and_so_on_of_any_image(height: int, width: int) -> None:
    model = build()
    sizes: list[tuple[int, ...]] = []
    for stage in (model.backbone.layer1, model.backbone.layer2, model.backbone.layer3, model.backbone.layer4):
        stage.register_forward_hook(lambda _module, _inputs, output: sizes.append(tuple(output.shape[-2:])))
    with torch.no_grad():
        logits, features = model(torch.rand(1, 3, height, width))
    assert sizes == [(-(-height // 2**i), -(-width // 2**i)) for i in (1, 2, 3, 4)]
    assert (logits.shape, features.shape) == ((1, 4), (1, 256))
    assert features.isfinite().all()


def test_additions_reach_the_inputs_of_the_third_and_the_last_stage() -> None:
    model = build()
    seen: dict[str, Tensor] = {}
    assert model.shortcuts is not None
    watched = {
        "second": model.attention[1],
        "third": model.attention[2],
        "to third": model.shortcuts.to_third,
        "to last": model.shortcuts.to_last,
        "first": model.backbone.layer1,
    }
    for name, module in watched.items():
        module.register_forward_hook(lambda _m, _i, output, name=name: seen.__setitem__(name, output))  # type: ignore[misc]
    for name in ("layer3", "layer4"):
        getattr(model.backbone, name).register_forward_pre_hook(
            lambda _m, inputs, name=name: seen.__setitem__(name, inputs[0])  # type: ignore[misc]
        )
    with torch.no_grad():
        model(torch.rand(1, 3, 48, 48))
        torch.testing.assert_close(model.shortcuts(seen["first"])[0], seen["to third"])
    torch.testing.assert_close(seen["layer3"], seen["second"] + seen["to third"])
    torch.testing.assert_close(seen["layer4"], seen["third"] + seen["to last"])
    assert seen["to third"].abs().max() > 0.01
    assert seen["to last"].abs().max() > 0.01


def test_at_the_start_the_pyramid_adds_nothing() -> None:
    model, without = build(learned=False), build(learned=False, adspp=False)
    without.load_state_dict({key: value for key, value in model.state_dict().items() if "shortcuts" not in key})
    images = torch.rand(2, 3, 48, 48)
    with torch.no_grad():
        torch.testing.assert_close(model(images)[1], without(images)[1])


@every_rung
@pytest.mark.parametrize("batch", [1, 2])
def test_half_precision_training_gives_finite_gradients_to_every_parameter(options: dict[str, Any], batch: int) -> None:
    model = build(**options).train()
    with torch.autocast("cpu", torch.bfloat16):
        logits, features = model(torch.rand(batch, 3, 48, 48))
    (logits.float().square().sum() + features.float().square().sum()).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()] == []


def test_half_precision_gives_nearly_the_same_features() -> None:
    model, images = build(), torch.rand(2, 3, 48, 48)
    with torch.no_grad():
        expected = model(images)[1]
        with torch.autocast("cpu", torch.bfloat16):
            features = model(images)[1].float()
    assert (features - expected).norm() / expected.norm() < 0.05


def test_evaluation_is_deterministic_and_training_drops() -> None:
    model, images = build(dropout=0.5), torch.rand(2, 3, 48, 48)
    with torch.no_grad():
        assert torch.equal(model(images)[0], model(images)[0])
        model.train()
        assert not torch.equal(model(images)[0], model(images)[0])


def test_groups_that_do_not_fit_the_channels_are_refused() -> None:
    with pytest.raises(ModelError, match="32 channels cannot be halved in 7 groups"):
        build(sae_groups=7)


def test_pretrained_weights_are_those_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bool]] = []
    create = timm.create_model

    def fake(name: str, *, pretrained: bool, **options: Any) -> Any:
        asked.append((name, pretrained))
        return create(name, pretrained=False, **options)

    monkeypatch.setattr(timm, "create_model", fake)
    paper(pretrained=True)
    paper()
    assert asked == [("resnext50_32x4d", True), ("resnext50_32x4d", False)]


def test_unreachable_hub_is_one_clear_error_that_names_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(timm, "create_model", unreachable)
    with pytest.raises(ModelError, match=r"cannot be fetched \(no network\).*pretrained: false"):
        paper(pretrained=True)


def test_exported_network_repeats_the_original_at_any_batch(tmp_path: Path) -> None:
    model = build()
    export_classifier(model, tmp_path / "model.onnx", input_size=56)  # stages of 28, 14, 7 and 4: none a multiple of 8
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    for batch in (1, 3):
        images = torch.randn(batch, 3, 56, 56, generator=torch.Generator().manual_seed(batch))
        with torch.no_grad():
            logits, features = model(images)
        onnx_logits, onnx_features = session.run(["logits", "features"], {"image": images.numpy()})
        np.testing.assert_allclose(onnx_logits, logits.numpy(), atol=1e-4, rtol=0)
        np.testing.assert_allclose(onnx_features, features.numpy(), atol=1e-4, rtol=0)
