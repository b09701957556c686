"""Our own classifiers as ONNX files; the peers come whole from their libraries, of which one is enough."""

from inspect import signature
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from hemascope.export.to_onnx import export_classifier
from hemascope.models import create_model, list_models
from hemascope.models._registry import _ENTRIES
from torch_half.small_models import side, small_options

PEERS_TO_EXPORT = ("vit_small",)
EXPORTED_ELSEWHERE = ("efficientnet_dsp_small", "ibn_resnet34", "resnet_light")  # or built by the code of another here


def is_exported_here(name: str) -> bool:
    is_peer = "library" in signature(_ENTRIES[name].build).parameters
    return name in PEERS_TO_EXPORT if is_peer else name not in EXPORTED_ELSEWHERE


def settled(name: str) -> nn.Module:
    """A network whose norms have seen images, so that its numbers are of the size of a trained one's."""
    torch.manual_seed(0)
    model = create_model(name, task="classification", num_classes=3, **small_options(name)).train()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = None  # the plain mean of what it sees
    with torch.no_grad():
        model(torch.rand(4, 3, side(name), side(name)))
    return model.eval()


@pytest.mark.parametrize("name", [*filter(is_exported_here, list_models("classification"))])
def test_exported_classifier_repeats_its_original_at_any_batch(name: str, tmp_path: Path) -> None:
    model, images = settled(name), torch.rand(5, 3, side(name), side(name))
    export_classifier(model, tmp_path / "model.onnx", input_size=side(name))
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    for count in (1, 5):
        with torch.no_grad():
            logits, features = (tensor.numpy() for tensor in model(images[:count]))
        onnx_logits, onnx_features = session.run(["logits", "features"], {"image": images[:count].numpy()})
        np.testing.assert_allclose(onnx_logits, logits, atol=1e-4)
        np.testing.assert_allclose(onnx_features, features, atol=1e-4)
    assert features.std() > 1e-3, "there must be something to compare"
