import json
from pathlib import Path

import pytest

from hemascope.errors import InputUnreadableError
from hemascope.service.annotations import (
    BoxAnnotation,
    CocoWriter,
    FieldAnnotations,
    labelme_json,
    read_uncounted_boxes,
)

RED = BoxAnnotation("red_cell", (1.0, 2.0, 3.5, 4.0), 0.75, None)
WHITE = BoxAnnotation("lymphocyte", (5.0, 6.0, 7.0, 8.0), 0.9, 1)


def test_red_cells_are_read_back_and_numbered_cells_are_not(tmp_path: Path) -> None:
    field = FieldAnnotations(tmp_path / "f.png", 10, 10, (RED, WHITE))
    (tmp_path / "f.json").write_text(labelme_json(field, tmp_path))
    (box,) = read_uncounted_boxes(tmp_path / "f.json")
    assert (box.label, box.box_xyxy) == ("red_cell", RED.box_xyxy)


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({}, 1),
        ({"points": [[3.5, 4], [1, 2]]}, 1),  # drawn from the other corner
        ({"label": "my own label"}, 0),
        ({"shape_type": "polygon"}, 0),
        ({"flags": {"checked": True}}, 1),
    ],
)
def test_what_a_person_changed_in_labelme_is_no_error(tmp_path: Path, change: dict[str, object], read: int) -> None:
    document = json.loads(labelme_json(FieldAnnotations(tmp_path / "f.png", 10, 10, (RED,)), tmp_path))
    document["shapes"][0] |= change
    (tmp_path / "f.json").write_text(json.dumps(document))
    boxes = read_uncounted_boxes(tmp_path / "f.json")
    assert [box.box_xyxy for box in boxes] == [RED.box_xyxy] * read


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"shapes": [{}]}', '{"shapes": 1}'])
def test_file_of_another_kind_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "f.json").write_text(content)
    with pytest.raises(InputUnreadableError, match=r"f\.json"):
        read_uncounted_boxes(tmp_path / "f.json")


def test_field_without_cells_is_in_coco_too(tmp_path: Path) -> None:
    writer = CocoWriter(tmp_path)
    writer.append(FieldAnnotations(tmp_path / "a.png", 10, 12, ()))
    writer.append(FieldAnnotations(tmp_path / "b.png", 10, 12, (RED,)))
    writer.close()
    coco = json.loads((tmp_path / "coco.json").read_text())
    assert [image["file_name"] for image in coco["images"]] == ["a.png", "b.png"]
    assert [(one["image_id"], one["bbox"], one["area"]) for one in coco["annotations"]] == [(2, [1, 2, 2.5, 2], 5)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coco.json"]
