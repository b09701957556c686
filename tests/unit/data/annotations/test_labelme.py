import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hemascope.data.annotations import read_annotations, read_labelme_file, write_annotations, write_labelme_file

DOCUMENT: dict[str, Any] = {
    "version": "4.6.0",
    "flags": {"seen": True, "sharp": False},
    "shapes": [
        {
            "label": "lymphocyte",
            "points": [[1.5, 2.0], [30.25, 40.0]],
            "group_id": 3,
            "description": "nucleolus?",
            "shape_type": "rectangle",
            "flags": {"difficult": True, "mitosis": False},
            "mask": None,
            "reader": "B",
        },
        {
            "label": "platelet",
            "points": [[1.0, 1.0], [9.0, 9.0]],
            "group_id": None,
            "description": "",
            "shape_type": "mask",
            "flags": {},
            "mask": "iVBORw0=",
        },
    ],
    "imagePath": "a.png",
    "imageData": "aGVsbG8=",
    "imageHeight": 50,
    "imageWidth": 60,
    "microscope": {"objective": 100},
}


def test_file_read_and_written_is_the_same_to_the_last_key(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(DOCUMENT))
    write_labelme_file(read_labelme_file(tmp_path / "a.json"), tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == DOCUMENT
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_file_written_elsewhere_still_points_at_the_image(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "b").mkdir()
    write_labelme_file(read_labelme_file(tmp_path / "a.json"), tmp_path / "b" / "a.json")
    assert json.loads((tmp_path / "b" / "a.json").read_text())["imagePath"] == "../a.png"


def test_score_is_seen_by_people_and_read_back_to_the_last_digit(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(DOCUMENT))
    image = read_labelme_file(tmp_path / "a.json")
    shape = replace(image.shapes[0], score=0.123456789, description="")
    write_labelme_file(replace(image, shapes=(shape,)), tmp_path / "b.json")
    assert json.loads((tmp_path / "b.json").read_text())["shapes"][0]["description"] == "score 0.123"
    assert read_labelme_file(tmp_path / "b.json").shapes == (shape,)


def test_score_in_the_description_only_is_a_score(tmp_path: Path) -> None:
    shape = {"label": "wbc", "points": [[9, 8], [1, 2]], "shape_type": "rectangle", "description": "score 0.912"}
    (tmp_path / "a.json").write_text(json.dumps(DOCUMENT | {"shapes": [shape]}))
    (found,) = read_labelme_file(tmp_path / "a.json").shapes
    assert (found.score, found.description, found.box_xyxy) == (0.912, "", (1, 2, 9, 8))


@pytest.mark.parametrize(
    ("flags", "has_shapes", "label"),
    [
        ({"blast": True, "monocyte": False}, False, "blast"),
        ({"blast": True, "monocyte": True}, False, None),
        ({"seen": True}, True, None),
        ({"confirmed": True}, False, None),
        ({"confirmed": True, "blast": True}, False, "blast"),
        ({}, False, None),
    ],
)
def test_only_flag_of_an_image_without_shapes_is_its_class(
    tmp_path: Path, flags: dict[str, bool], has_shapes: bool, label: str | None
) -> None:
    shapes = DOCUMENT["shapes"] if has_shapes else []
    (tmp_path / "a.json").write_text(json.dumps(DOCUMENT | {"flags": flags, "shapes": shapes}))
    image = read_labelme_file(tmp_path / "a.json")
    assert (image.label, image.flags) == (label, flags)


def test_path_of_windows_names_the_image(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(DOCUMENT | {"imagePath": "..\\images\\a.png"}))
    image = read_labelme_file(tmp_path / "a.json")
    assert (image.name, image.image.resolve()) == ("a.png", tmp_path.parent / "images" / "a.png")


def test_embedded_picture_that_is_dropped_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(DOCUMENT))
    report = write_annotations(read_annotations(tmp_path, "labelme"), tmp_path / "out.json", "coco")
    assert report.losses == ("1 mask became a box", "1 picture inside a labelme file was dropped")
