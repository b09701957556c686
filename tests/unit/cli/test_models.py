import sys
from pathlib import Path

import pytest

from builders import tiny_bundle
from unit.cli.conftest import Command


def test_models_lists_what_is_installed(hemascope: Command, bundles: Path) -> None:
    outcome = hemascope("models")
    assert outcome.code == 0
    assert "tiny-detection" in outcome.out
    assert "tiny-classification" in outcome.out


def test_broken_bundle_is_named_beside_the_others(hemascope: Command, bundles: Path) -> None:
    (bundles / "tiny-detection" / "model.onnx").write_bytes(b"x")
    outcome = hemascope("models")
    assert outcome.code == 2
    assert "sha256" in outcome.err
    assert "tiny-classification" in outcome.out


def test_list_is_the_same_as_no_command(hemascope: Command, bundles: Path) -> None:
    assert hemascope("models", "list") == hemascope("models")


def test_list_of_everything_without_torch_gives_the_bundles_and_says_what_to_install(
    hemascope: Command, bundles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name == "hemascope.models" or name.startswith("hemascope.models.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)  # type: ignore[arg-type]  # what an import finds where it is absent
    outcome = hemascope("models", "list", "--all")
    assert outcome.code == 2
    assert "tiny-detection" in outcome.out
    assert "networks belong to the training half" in outcome.err
    assert "pip install 'hemascope[train]'" in outcome.err


@pytest.mark.parametrize("by", ["name", "folder"])
def test_show_prints_the_card(hemascope: Command, bundles: Path, by: str) -> None:
    outcome = hemascope("models", "show", "tiny-detection" if by == "name" else bundles / "tiny-detection")
    assert outcome == (0, "# Tiny\n\n", "")


def test_show_of_an_unknown_name_ends_with_2(hemascope: Command, bundles: Path) -> None:
    outcome = hemascope("models", "show", "nothing")
    assert outcome.code == 2
    assert "no model bundle is named 'nothing'" in outcome.err


def test_bundle_without_card_says_so(hemascope: Command, tmp_path: Path) -> None:
    folder = tiny_bundle(tmp_path / "bare", "detection")
    (folder / "MODEL_CARD.md").unlink()
    assert "MODEL_CARD.md" in hemascope("models", "show", folder).err
