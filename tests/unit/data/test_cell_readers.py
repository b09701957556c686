"""The readers of single cells that have no file of their own, on painted look-alikes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builders import GLASS
from dataset_builders import write_table
from hemascope.data.images import read_cell
from hemascope.data.readers import read_cells
from hemascope.errors import DatasetError


def paint(path: Path, side: int = 20) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (side, side), GLASS).save(path)
    return path


def test_copies_of_a_source_are_a_group_in_kaggle_wbc4(tmp_path: Path) -> None:
    rows = [("a/1.jpg", "EOSINOPHIL", "e-0"), ("a/2.jpg", "eosinophil", "e-0"), ("b/1.jpg", "monocyte", "m-3")]
    dataset = read_cells("kaggle-wbc4", write_table(tmp_path, ("file", "label", "source"), rows), "all")
    assert dataset.classes == ("eosinophil", "monocyte")
    assert dataset.groups == ("e-0", "e-0", "m-3")


def test_patient_is_the_group_and_diagnosis_the_source_in_apl_aml(tmp_path: Path) -> None:
    rows = [("1.jpg", "variant_lymphocyte", "Patient_3", "APL"), ("2.jpg", "blast", "Patient_9", "AML")]
    columns = ("file", "label", "patient", "diagnosis")
    dataset = read_cells("apl-aml", write_table(tmp_path, columns, rows), "all")
    assert dataset.classes == ("atypical_lymphocyte", "blast")
    assert [(s.label, s.group, s.source) for s in dataset.samples] == [
        ("atypical_lymphocyte", "Patient_3", "APL"),
        ("blast", "Patient_9", "AML"),
    ]


def test_scale_bar_of_taleqani_is_painted_over_and_nothing_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rgb = rng.integers(200, 210, (224, 224, 3), dtype=np.uint8)
    rgb[205:220, 195:] = 0  # where the published images have it
    Image.fromarray(rgb).save(tmp_path / "field.png")
    dataset = read_cells(
        "taleqani-all", write_table(tmp_path, ("file", "label", "group"), [("field.png", "pro_b", "7")]), "all"
    )
    seen = read_cell(dataset.samples[0])
    assert seen.min() >= 200
    np.testing.assert_array_equal(seen[:192, :185], rgb[:192, :185])
    assert dataset.groups == ("7",)


def test_any_table_may_use_its_own_words(tmp_path: Path) -> None:
    rows = [("1.png", "odd", "g", "train"), ("2.png", "even", "", "val"), ("3.png", "odd", "h", "val")]
    root = write_table(tmp_path / "numbers", ("file", "label", "group", "split"), rows)
    dataset = read_cells("table", root, "val")
    assert (dataset.name, dataset.classes) == ("numbers", ("even", "odd"))
    assert [(s.label, s.group) for s in dataset.samples] == [("even", "2.png"), ("odd", "h")]
    assert len(read_cells("table", root, "all").samples) == 3


def test_folder_a_class_is_read_with_and_without_parts(tmp_path: Path) -> None:
    for name in ("flat/round/1.png", "flat/square/2.PNG", "parted/train/round/1.png", "parted/val/square/3.png"):
        paint(tmp_path / name)
    (tmp_path / "flat" / "round" / "notes.txt").write_text("no picture")
    flat = read_cells("folders", tmp_path / "flat", "all")
    assert [(s.label, s.path.name) for s in flat.samples] == [("round", "1.png"), ("square", "2.PNG")]
    val = read_cells("folders", tmp_path / "parted", "val")
    assert (val.classes, [s.label for s in val.samples]) == (("round", "square"), ["square"])
    assert len(read_cells("folders", tmp_path / "parted", "all").samples) == 2


def test_munich_folders_become_classes_of_the_taxonomy(tmp_path: Path) -> None:
    paint(tmp_path / "NGS" / "NGS_0001.tiff")
    paint(tmp_path / "PMB" / "PMB_0001.tiff")
    dataset = read_cells("munich-15", tmp_path, "all")
    assert dataset.classes == ("abnormal_promyelocyte", "segmented_neutrophil")


@pytest.mark.parametrize(
    ("reader", "columns", "row", "split", "message"),
    [
        ("kaggle-wbc4", ("file", "label", "source"), ("1.jpg", "basophil", "s"), "all", "has no label 'basophil'"),
        ("kaggle-wbc4", ("file", "label"), ("1.jpg", "monocyte"), "all", r"lacks the column\(s\) source"),
        ("taleqani-all", ("file", "label", "group"), ("1.jpg", "Benign", "1"), "all", "no label 'Benign'; known"),
        ("apl-aml", ("file", "label", "patient", "diagnosis"), ("1", "blast", "", "APL"), "all", "has no patient"),
        ("table", ("file", "label"), ("1.jpg", "odd"), "train", "is not divided.*data.folds"),
        ("table", ("file", "label", "split"), ("1.jpg", "odd", "train"), "test", "its splits: train"),
    ],
)
def test_damaged_table_is_refused(
    tmp_path: Path, reader: str, columns: tuple[str, ...], row: tuple[str, ...], split: str, message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        read_cells(reader, write_table(tmp_path, columns, [row]), split)


@pytest.mark.parametrize(
    ("reader", "files", "split", "message"),
    [
        ("folders", (), "all", "holds no pictures"),
        ("folders", ("train/a/1.png", "spare/a/1.png"), "train", "keep one kind"),
        ("folders", ("train/a/1.png",), "test", "its splits: train, all"),
        ("folders", ("a/1.png",), "train", "its splits: all"),
        ("munich-15", (), "all", "expected the folders BAS"),
        ("munich-15", ("XYZ/1.tiff",), "all", "has no label 'XYZ'"),
        ("munich-15", ("BAS/1.tiff",), "train", "only 'all'"),
    ],
)
def test_folder_that_is_no_dataset_is_refused(
    tmp_path: Path, reader: str, files: tuple[str, ...], split: str, message: str
) -> None:
    for file in files:
        paint(tmp_path / file)
    with pytest.raises(DatasetError, match=message):
        read_cells(reader, tmp_path, split)
