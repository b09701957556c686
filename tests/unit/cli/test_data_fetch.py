from pathlib import Path

from dataset_builders import write_pbc
from unit.cli.conftest import Command


def test_list_says_what_is_unknown(hemascope: Command) -> None:
    outcome = hemascope("data", "list", "pbc")
    assert outcome.code == 0
    assert "licence   CC BY 4.0" in outcome.out
    assert "file      unknown: download by hand" in outcome.out
    assert "sha256    unknown" in hemascope("data", "list").out


def test_fetch_imports_a_copy_and_names_its_licence(hemascope: Command, tmp_path: Path) -> None:
    source = write_pbc(tmp_path / "copy", {"train": 1})
    outcome = hemascope("data", "fetch", "pbc", "--from", source, "--out", tmp_path / "pbc")
    assert outcome.code == 0
    assert outcome.out.startswith("a selection of PBC, Hospital Clinic of Barcelona: 11 images in 12 files")
    assert "licence: CC BY 4.0" in outcome.out


def test_fetch_without_an_address_ends_with_2_and_the_page(hemascope: Command, tmp_path: Path) -> None:
    outcome = hemascope("data", "fetch", "munich-aml", "--out", tmp_path / "munich")
    assert outcome.code == 2
    assert "https://doi.org/10.7937/tcia.2019.36f5o9ld" in outcome.err


def test_copy_needs_a_source(hemascope: Command, tmp_path: Path) -> None:
    assert "--from" in hemascope("data", "fetch", "pbc", "--copy", "--out", tmp_path / "pbc").err
