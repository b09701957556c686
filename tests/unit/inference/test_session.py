import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from builders import manifest_content, tiny_bundle
from hemascope.errors import BundleError, DependencyMissingError
from hemascope.inference.bundle import load_bundle
from hemascope.inference.session import CPU_PROVIDER, open_session


def test_open_session_reports_its_provider_and_runs(tmp_path: Path) -> None:
    session = open_session(load_bundle(tiny_bundle(tmp_path, "detection")), threads=1)
    assert session.providers == (CPU_PROVIDER,)
    boxes, scores = session.run(np.zeros((2, 3, 64, 96), np.float32))
    assert boxes.shape == (2, 6, 4)
    assert scores.shape == (2, 6, 3)


def test_open_session_refuses_when_an_asked_provider_is_not_there(tmp_path: Path) -> None:
    bundle = load_bundle(tiny_bundle(tmp_path, "detection"))
    with pytest.raises(DependencyMissingError, match="MagicExecutionProvider is not active"):
        open_session(bundle, providers=["MagicExecutionProvider", CPU_PROVIDER])


@pytest.mark.parametrize("content", [b"", b"no network", bytes(1000)])
def test_open_session_refuses_when_the_network_is_corrupt(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    manifest = manifest_content("detection", onnx_sha256=hashlib.sha256(content).hexdigest())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="is no network"):
        open_session(load_bundle(tmp_path))


def test_open_session_refuses_when_the_class_counts_disagree(tmp_path: Path) -> None:
    bundle = load_bundle(tiny_bundle(tmp_path, "detection", classes=["wbc", "rbc"]))
    with pytest.raises(BundleError, match="has 3 classes, its manifest 2"):
        open_session(bundle)


def test_open_session_refuses_when_the_network_does_another_task(tmp_path: Path) -> None:
    folder = tiny_bundle(tmp_path, "classification")
    content = json.loads((folder / "manifest.json").read_text())
    detection = manifest_content("detection", onnx_sha256=content["onnx_sha256"])
    (folder / "manifest.json").write_text(json.dumps(detection))
    with pytest.raises(BundleError, match=r"a detection bundle needs \['boxes', 'scores'\]"):
        open_session(load_bundle(folder))


def test_session_names_the_shape_when_the_network_cannot_take_it(tmp_path: Path) -> None:
    session = open_session(load_bundle(tiny_bundle(tmp_path, "detection")))
    with pytest.raises(BundleError, match=r"\(1, 4, 64, 64\)"):
        session.run(np.zeros((1, 4, 64, 64), np.float32))
