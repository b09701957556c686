from pathlib import Path

import numpy as np
import pytest

from dataset_builders import FIELD_COLUMNS, paint_cells, write_table, write_txl_pbc
from hemascope.data.readers import read_fields
from hemascope.errors import DatasetError


def one_field(root: Path, labels: str, width: str = "200") -> Path:
    """A dataset of one field of 200 x 100 pixels; the picture itself is not needed."""
    root.mkdir(exist_ok=True)
    (root / "a.txt").write_text(labels)
    return write_table(root, FIELD_COLUMNS, [("a.png", "a.txt", width, 100, "train", "bccd", 7)])


def test_reader_gives_back_what_was_painted(tmp_path: Path) -> None:
    dataset = read_fields("txl-pbc", write_txl_pbc(tmp_path / "d", {"train": [3], "val": [4, 5]}), "val")
    assert (dataset.name, dataset.classes, len(dataset.samples)) == ("txl-pbc", ("wbc", "rbc", "platelet"), 2)
    assert [sample.source for sample in dataset.samples] == ["bccd", "raabin"]
    for sample, seed in zip(dataset.samples, (4, 5), strict=True):
        _, boxes, ids = paint_cells(seed)
        np.testing.assert_allclose(sample.boxes_xyxy, boxes, atol=1e-3)
        np.testing.assert_array_equal(sample.class_ids, ids)
        assert sample.path.is_file()


def test_relative_boxes_become_pixels_of_a_field_that_is_not_square(tmp_path: Path) -> None:
    (sample,) = read_fields("txl-pbc", one_field(tmp_path, "2 0.5 0.5 0.1 0.2\n"), "train").samples
    np.testing.assert_allclose(sample.boxes_xyxy, [[90, 40, 110, 60]], atol=1e-4)
    assert sample.group == "7"


def test_field_without_cells_has_no_boxes(tmp_path: Path) -> None:
    (sample,) = read_fields("txl-pbc", one_field(tmp_path, "\n"), "train").samples
    assert (sample.boxes_xyxy.shape, sample.class_ids.shape) == ((0, 4), (0,))


@pytest.mark.parametrize(
    "labels",
    [
        "0 0.5 0.5 0.1\n",
        "0 0.5 0.5 0.1 0.1 0.9\n",
        "0 0.5 0.5 0.1 0.1\n0 0.5\n",
        "wbc 0.5 0.5 0.1 0.1\n",
        "0 0.5 nan 0.1 0.1\n",
        "0 0.5 0.5 -0.1 0.1\n",
        "0 0.5 0.5 0.1 0\n",
        "3 0.5 0.5 0.1 0.1\n",
        "-1 0.5 0.5 0.1 0.1\n",
        "0.5 0.5 0.5 0.1 0.1\n",
    ],
    ids=[
        "too short", "too long", "ragged", "name for id", "nan", "inverted", "empty box", "id too high", "id below 0",
        "fraction as id",
    ],
)  # fmt: skip
def test_label_file_is_refused_when_a_line_is_no_yolo_box(tmp_path: Path, labels: str) -> None:
    with pytest.raises(DatasetError, match=r"a\.txt: expected lines 'class cx cy width height'"):
        read_fields("txl-pbc", one_field(tmp_path, labels), "train")


def test_missing_label_file_is_named(tmp_path: Path) -> None:
    one_field(tmp_path, "")
    (tmp_path / "a.txt").unlink()
    with pytest.raises(DatasetError, match=r"a\.txt"):
        read_fields("txl-pbc", tmp_path, "train")


def test_size_that_is_no_number_names_the_image(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"size of a\.png in pixels"):
        read_fields("txl-pbc", one_field(tmp_path, "0 0.5 0.5 0.1 0.1\n", width="wide"), "train")


def test_unknown_reader_names_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no field reader 'coco'; known: annotated, synth, txl-pbc"):
        read_fields("coco", tmp_path, "train")
