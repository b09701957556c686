from pathlib import Path

import pytest

from builders import tiny_bundle
from hemascope.errors import BundleError, BundleHashMismatchError, BundleNotFoundError
from hemascope.service import registry
from hemascope.service.registry import find_bundle, find_bundle_folder, installed_bundles, load_named_bundle


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with the two default bundles."""
    folder = tmp_path / "shipped"
    tiny_bundle(folder / "detector-light", "detection")
    tiny_bundle(folder / "classifier-light", "classification")
    monkeypatch.setattr(registry, "_SHIPPED_FOLDER", folder)
    return folder


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "own"
    tiny_bundle(folder / "mine", "detection")
    monkeypatch.setenv("HEMASCOPE_BUNDLES", str(folder))
    return folder


def test_default_of_a_task_is_the_shipped_light_bundle(shipped: Path) -> None:
    assert find_bundle(None, "detection") == shipped / "detector-light"
    assert find_bundle(None, "classification") == shipped / "classifier-light"


def test_own_bundles_stand_beside_the_shipped_ones(shipped: Path, own: Path) -> None:
    assert [(bundle.name, bundle.is_shipped) for bundle in installed_bundles()] == [
        ("classifier-light", True), ("detector-light", True), ("mine", False)
    ]  # fmt: skip
    assert find_bundle("mine", "detection") == own / "mine"


def test_folder_without_manifest_is_no_bundle(shipped: Path) -> None:
    (shipped / "notes").mkdir()
    assert "notes" not in {bundle.name for bundle in installed_bundles()}


def test_text_with_a_slash_is_a_folder(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own)
    assert find_bundle_folder("./mine") == Path("./mine")


@pytest.mark.parametrize(
    ("wanted", "text"), [("none", "installed: classifier-light, detector-light"), ("./none", "no manifest.json")]
)
def test_unknown_bundle_is_an_error_and_never_another_model(shipped: Path, wanted: str, text: str) -> None:
    with pytest.raises(BundleNotFoundError, match=text):
        find_bundle(wanted, "detection")


def test_missing_default_is_an_error(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_SHIPPED_FOLDER", tmp_path / "nothing")
    with pytest.raises(BundleNotFoundError, match="'detector-light'; installed: mine"):
        find_bundle(None, "detection")


def test_name_of_a_folder_here_gets_the_hint_to_write_a_slash(
    shipped: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own / "other").mkdir()
    monkeypatch.chdir(own)
    with pytest.raises(BundleNotFoundError, match=r"write './other'"):
        find_bundle_folder("other")


def test_name_that_means_two_bundles_is_an_error(shipped: Path, own: Path) -> None:
    tiny_bundle(own / "detector-light", "detection")
    with pytest.raises(BundleError, match="two bundles are named 'detector-light'"):
        installed_bundles()


def test_missing_user_folder_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMASCOPE_BUNDLES", "/nowhere/at/all")
    with pytest.raises(BundleNotFoundError, match="/nowhere/at/all"):
        installed_bundles()


def test_bundle_of_another_task_is_an_error(own: Path) -> None:
    with pytest.raises(BundleError, match="is for detection, but one for classification is needed"):
        load_named_bundle("mine", "classification")


def test_loaded_bundle_was_verified(own: Path) -> None:
    assert load_named_bundle("mine", "detection").manifest.name == "tiny-detection"
    (own / "mine" / "model.onnx").write_bytes(b"x")
    with pytest.raises(BundleHashMismatchError):
        load_named_bundle("mine", "detection")
