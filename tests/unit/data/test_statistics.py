import json
from pathlib import Path

import numpy as np
from PIL import Image

from dataset_builders import write_pbc, write_txl_pbc
from hemascope.data.annotations import AnnotatedImage, Shape
from hemascope.data.listing import ListedImage, list_images
from hemascope.data.statistics import SizeSummary, statistics


def one(name: str, *shapes: Shape, width: int | None = 100, **rest: str) -> ListedImage:
    return ListedImage(AnnotatedImage(Path(name), name, width, 80, shapes), rest)


def box(label: str, side: float) -> Shape:
    return Shape.from_xyxy(label, (10, 10, 10 + side, 10 + side / 2))


def test_classes_are_counted_by_image_and_by_shape_most_frequent_first() -> None:
    found = statistics([one("a", box("wbc", 20), box("rbc", 8), box("rbc", 8)), one("b", box("rbc", 8)), one("c")])
    assert [(row.label, row.images, row.shapes) for row in found.classes] == [("rbc", 2, 3), ("wbc", 1, 1)]
    assert (found.images, found.shapes, found.without_label) == (3, 4, 1)


def test_size_of_a_class_is_that_of_its_longer_side() -> None:
    found = statistics([one("a", *(box("wbc", side) for side in (10, 20, 30)))])
    assert found.classes[0].side_px == SizeSummary(11.0, 20.0, 29.0)


def test_broken_shape_counts_but_has_no_size() -> None:
    found = statistics([one("a", Shape.from_xyxy("wbc", (5, 5, 5, 9)))])
    assert (found.broken_shapes, found.classes[0].shapes, found.classes[0].side_px.median) == (1, 1, 0.0)


def test_columns_and_groups_come_from_the_table() -> None:
    listed = [one("a", split="train", patient="1"), one("b", split="val", patient="2"), one("c", patient="2")]
    found = statistics(listed)
    assert found.columns == {"split": {"": 1, "train": 1, "val": 1}}
    assert found.groups == 2


def test_image_sizes_come_from_the_headers_where_annotations_have_none(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(tmp_path / "a.png")
    found = statistics([one(str(tmp_path / "a.png"), width=None), one("missing.png", width=None), one("c")])
    assert found.image_sizes == {"40 x 30": 1, "100 x 80": 1}
    assert found.without_size == ("missing.png",)


def test_whole_folders_are_counted(tmp_path: Path) -> None:
    fields = statistics(
        list_images(write_txl_pbc(tmp_path / "txl", {"train": [0, 1], "val": [2]}), classes=("wbc", "rbc", "platelet"))
    )
    assert (fields.images, fields.shapes, fields.columns["split"]) == (3, 15, {"train": 2, "val": 1})
    cells = statistics(list_images(write_pbc(tmp_path / "pbc", {"train": 2, "val": 1})))
    assert (cells.images, cells.shapes, len(cells.classes)) == (33, 0, 11)


def test_document_names_its_schema() -> None:
    content = json.loads(statistics([one("a", box("wbc", 20))]).to_json())
    assert content["schema"] == "hemascope.statistics/1"
    assert content["classes"][0]["side_px"]["median"] == 20.0
