from pathlib import Path

from hemascope import __version__
from unit.cli.conftest import Command


def test_doctor_verifies_every_bundle(hemascope: Command, bundles: Path) -> None:
    out = hemascope("doctor").out
    assert f"hemascope: {__version__}" in out
    assert "CPUExecutionProvider" in out
    assert "ok      bundle tiny-detection: detection 1.0.0" in out


def test_broken_bundle_ends_with_1(hemascope: Command, bundles: Path) -> None:
    (bundles / "tiny-detection" / "model.onnx").write_bytes(b"x")
    outcome = hemascope("doctor")
    assert outcome.code == 1
    assert "BROKEN  bundle tiny-detection" in outcome.out


def test_missing_user_folder_ends_with_1(hemascope: Command, monkeypatch: object, bundles: Path) -> None:
    bundles.rename(bundles.with_name("moved"))
    outcome = hemascope("doctor")
    assert outcome.code == 1
    assert "BROKEN  bundles: HEMASCOPE_BUNDLES names" in outcome.out
