import json
from pathlib import Path
from typing import Any

import pytest

from builders import manifest_content, tiny_bundle
from hemascope.errors import BundleHashMismatchError, BundleNotFoundError, ManifestSchemaError
from hemascope.inference.bundle import load_bundle


def write_manifest(folder: Path, content: Any) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")


def test_load_bundle_reads_manifest_and_network(tmp_path: Path) -> None:
    bundle = load_bundle(tiny_bundle(tmp_path / "小 bundle", "detection"))
    assert bundle.manifest.name == "tiny-detection"
    assert bundle.onnx_path.is_file()


def test_load_bundle_says_not_found_when_the_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError, match=r"manifest\.json"):
        load_bundle(tmp_path / "missing")


def test_load_bundle_says_not_found_when_the_path_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()
    with pytest.raises(BundleNotFoundError, match="a bundle is a folder"):
        load_bundle(tmp_path / "model.onnx")


def test_load_bundle_says_not_found_when_the_network_is_missing(tmp_path: Path) -> None:
    write_manifest(tmp_path, manifest_content("detection"))
    with pytest.raises(BundleNotFoundError, match=r"model\.onnx"):
        load_bundle(tmp_path)


def test_load_bundle_refuses_when_the_network_is_not_the_one_named(tmp_path: Path) -> None:
    folder = tiny_bundle(tmp_path, "classification")
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"!")
    with pytest.raises(BundleHashMismatchError, match=r"has sha256 [0-9a-f]{12}\.\.\., its manifest promises"):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": "hemascope.bundle/2"}, r"'hemascope.bundle/2', expected 'hemascope.bundle/1'.*newer hemascope"),
        ({"schema": None}, "newer hemascope"),
        ({"detection": {"score_threshold": 2}}, r"detection\.score_threshold"),
        ({"preprocessing": {"input_size": 640, "mean": [0, 0], "std": [1, 1, 1]}}, r"preprocessing\.mean"),
        ({"onnx_sha256": "abc"}, "onnx_sha256"),
        ({"colour": "red"}, "colour"),
        ({"classes": ["a", "a"]}, "class ids must differ"),
        ({"onnx_file": "../elsewhere.onnx"}, "same folder"),
        ({"onnx_file": "/etc/passwd"}, "same folder"),
    ],
)
def test_load_bundle_names_the_field_when_the_manifest_is_wrong(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    write_manifest(tmp_path, manifest_content("detection") | changes)
    with pytest.raises(ManifestSchemaError, match=message):
        load_bundle(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"text"', "\x00"])
def test_load_bundle_refuses_when_the_manifest_is_no_json_object(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(ManifestSchemaError, match=r"manifest\.json"):
        load_bundle(tmp_path)


def test_load_bundle_refuses_when_the_manifest_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(ManifestSchemaError, match="not valid JSON"):
        load_bundle(tmp_path)
