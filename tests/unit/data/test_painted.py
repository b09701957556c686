"""The reader `synth` on what `hemascope synth` writes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hemascope.data.readers import read_fields
from hemascope.errors import DatasetError
from hemascope.synth import PRESETS
from hemascope.synth.smear import SmearSettings
from hemascope.synth.writer import WrittenSmear, write_smear


def paint(root: Path, **changes: float) -> WrittenSmear:
    settings = replace(PRESETS["peripheral-blood-normal"], width=320, height=240, **changes)  # type: ignore[arg-type]
    return write_smear(root, SmearSettings(settings, fields=2, seed=5))


def test_fields_have_the_painted_cells_and_no_artefacts(tmp_path: Path) -> None:
    written = paint(tmp_path, artefact_density=8.0, platelet_density=12.0)
    dataset = read_fields("synth", tmp_path, "all")
    rows = [line.split(",") for line in (tmp_path / "truth.csv").read_text().splitlines()[1:]]
    kinds = [row[1] for row in rows]
    assert "artefact" in kinds
    assert [s.path for s in dataset.samples] == list(written.images)
    assert sum(len(s.class_ids) for s in dataset.samples) == sum(kind != "artefact" for kind in kinds)
    count = np.bincount(np.concatenate([s.class_ids for s in dataset.samples]), minlength=3)
    assert dataset.classes == ("wbc", "rbc", "platelet")
    assert count[1] == kinds.count("red_cell") > 0
    assert count[2] == kinds.count("platelet") + kinds.count("giant_platelet") > 0
    assert count[0] > 0
    first = next(row for row in rows if row[1] != "artefact")
    assert dataset.samples[0].boxes_xyxy[0].tolist() == [float(v) for v in first[2:6]]


def test_field_without_a_cell_is_still_a_field(tmp_path: Path) -> None:
    paint(tmp_path, nucleated_density=0, min_nucleated=0, red_cell_density=0, platelet_density=0)
    assert [s.boxes_xyxy.shape for s in read_fields("synth", tmp_path, "all").samples] == [(0, 4), (0, 4)]


def test_painted_smear_is_not_divided(tmp_path: Path) -> None:
    paint(tmp_path)
    with pytest.raises(DatasetError, match="no split 'val', only 'all'"):
        read_fields("synth", tmp_path, "val")


def test_folder_without_a_smear_or_its_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is no painted smear"):
        read_fields("synth", tmp_path, "all")
    paint(tmp_path)
    (tmp_path / "truth.csv").unlink()
    with pytest.raises(DatasetError, match="is no painted smear"):
        read_fields("synth", tmp_path, "all")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("field_0001.jpg,cat,0,0,5,5,0", "unknown cell class"),
        ("field_0001.jpg,red_cell,0,0,five,5,0", "could not convert"),
        ("field_0001.jpg,red_cell,0", "not as 'hemascope synth' writes it"),
        ("field_0009.jpg,red_cell,0,0,5,5,0", r"names field_0009\.jpg, which is not in the folder"),
    ],
    ids=["unknown class", "no number", "short row", "unknown picture"],
)
def test_truth_that_was_changed_is_refused(tmp_path: Path, line: str, message: str) -> None:
    paint(tmp_path)
    table = tmp_path / "truth.csv"
    table.write_text(table.read_text() + line + "\n")
    with pytest.raises(DatasetError, match=message):
        read_fields("synth", tmp_path, "all")


def test_truth_of_other_columns_is_refused(tmp_path: Path) -> None:
    paint(tmp_path)
    (tmp_path / "truth.csv").write_text("file,label\n")
    with pytest.raises(DatasetError, match="columns"):
        read_fields("synth", tmp_path, "all")
