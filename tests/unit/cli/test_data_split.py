from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from dataset_builders import write_table
from hemascope.cli.data_audit import audit
from hemascope.cli.data_split import split
from hemascope.data.splits import read_split
from unit.data.test_duplicates import blots

app = typer.Typer()
app.command()(split)
app.command()(audit)


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """Twelve pictures of two classes and six patients; the last shows the first again, of another patient."""
    root = tmp_path / "cells"
    root.mkdir()
    rows = []
    for number in range(12):
        Image.fromarray(blots(number % 11)).save(root / f"{number}.png")
        rows.append((f"{number}.png", ("blast", "monocyte")[number // 6], "", f"p{number // 2}"))
    return write_table(root, ("file", "label", "split", "patient"), rows)


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_split_keeps_patients_and_copies_together_and_the_audit_agrees(cells: Path, tmp_path: Path) -> None:
    out = tmp_path / "split.csv"
    result = _run("split", cells, "--out", out, "--fractions", "train=0.5,val=0.5", "--group-by", "patient")
    assert result.exit_code == 0, result.output
    assert "12 images in 5 groups (1 joined by copies of a picture)" in result.output
    part_of = {row.file: row.split for row in read_split(out)}
    assert part_of["0.png"] == part_of["1.png"] == part_of["10.png"] == part_of["11.png"]
    assert set(part_of.values()) == {"train", "val"}
    assert _run("audit", cells, "--split", out, "--allow-leaks").exit_code == 1  # one file under two labels
    checked = _run("audit", cells, "--split", out, "--json", "-")
    assert '"severity": "leak"' not in checked.stdout


def test_folds_without_groups_are_written(cells: Path, tmp_path: Path) -> None:
    assert _run("split", cells, "--out", tmp_path / "f.csv", "--folds", "3", "--stratify", "none").exit_code == 0
    assert {row.split for row in read_split(tmp_path / "f.csv")} == {"fold0", "fold1", "fold2"}


def test_audit_ends_with_1_for_a_leak_unless_allowed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Image.fromarray(blots(1)).save(tmp_path / f"{name}.png")
    rows = [("a.png", "blast", "train"), ("b.png", "blast", "val")]
    write_table(tmp_path, ("file", "label", "split"), rows)
    assert _run("audit", tmp_path).exit_code == 1
    assert _run("audit", tmp_path, "--allow-leaks").exit_code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "give either --fractions"),
        (("--folds", "2", "--fractions", "train=0.5,val=0.5"), "give either --fractions"),
        (("--folds", "2", "--stratify", "size"), "--stratify is 'size'"),
    ],
)
def test_split_says_what_it_needs(cells: Path, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    result = _run("split", cells, "--out", tmp_path / "s.csv", *options)
    assert message in str(result.exception)
    assert not (tmp_path / "s.csv").exists()
