from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hemascope.data.annotations import AnnotatedImage, Shape, write_annotations
from hemascope.data.readers.annotated_folder import read_cells, read_fields
from hemascope.errors import DatasetError

SHAPES = (
    Shape.from_xyxy("platelet", (1, 2, 3, 5)),
    Shape("lymphocyte", ((1, 1), (9, 1), (9, 8)), "polygon"),
    Shape("lymphocyte", ((1, 1), (9, 1)), "line"),
)


def field(root: Path, name: str, split: str | None, *shapes: Shape) -> AnnotatedImage:
    return AnnotatedImage(root / name, name, 20, 10, shapes, split=split, source="hospital")


@pytest.mark.parametrize("fmt", ["labelme", "coco"])
def test_fields_of_a_split_have_boxes_and_the_classes_of_all_splits(tmp_path: Path, fmt: str) -> None:
    records = [field(tmp_path, "a.png", "train", *SHAPES), field(tmp_path, "b.png", "val")]
    write_annotations(records, tmp_path / "set", fmt)
    dataset = read_fields(tmp_path / "set", "train")
    (sample,) = dataset.samples
    assert dataset.classes == ("platelet", "lymphocyte")
    np.testing.assert_array_equal(sample.boxes_xyxy, [[1, 2, 3, 5], [1, 1, 9, 8]])
    np.testing.assert_array_equal(sample.class_ids, [0, 1])
    assert (sample.source, sample.group, sample.path.resolve()) == ("hospital", "a.png", tmp_path / "a.png")
    (empty,) = read_fields(tmp_path / "set", "val").samples
    assert empty.boxes_xyxy.shape == (0, 4)


def test_split_file_decides_and_names_the_groups(tmp_path: Path) -> None:
    records = [field(tmp_path, "a.png", None, *SHAPES), field(tmp_path, "b.png", None)]
    write_annotations(records, tmp_path / "set", "labelme")
    (tmp_path / "set" / "split.csv").write_text(
        "file,split,group,label\na.png,val,patient 1,\nb.png,train,patient 2,\n"
    )
    (sample,) = read_fields(tmp_path / "set", "val").samples
    assert (sample.path.name, sample.group) == ("a.png", "patient 1")


def test_cells_come_from_image_folders(tmp_path: Path) -> None:
    for name in ("train/monocyte/a.png", "train/basophil/b.png", "val/basophil/c.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        Image.new("RGB", (9, 9)).save(tmp_path / name)
    dataset = read_cells(tmp_path, "val")
    assert dataset.classes == ("basophil", "monocyte")
    assert [(sample.path, sample.label) for sample in dataset.samples] == [
        (tmp_path / "val/basophil/c.png", "basophil")
    ]


@pytest.mark.parametrize(
    ("shape", "split", "message"),
    [
        (SHAPES[0], "test", "has no split 'test'; its splits: train; make them with 'hemascope data split"),
        (Shape.from_xyxy("lymphocite", (1, 2, 3, 5)), "train", r"'lymphocite' \(did you mean 'lymphocyte'\?\)"),
        (Shape.from_xyxy("platelet", (1, 2, 1, 5)), "train", "annotation 1 is no box"),
    ],
)
def test_folder_is_refused_with_the_way_out(tmp_path: Path, shape: Shape, split: str, message: str) -> None:
    write_annotations([field(tmp_path, "a.png", "train", shape)], tmp_path / "set", "coco")
    with pytest.raises(DatasetError, match=message):
        read_fields(tmp_path / "set", split)
