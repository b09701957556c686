import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from hemascope.errors import AnnotationConflictError, DatasetError, InputNotFoundError
from hemascope.service.review import FileEdit, ReviewFolder, ShapeEdit, ShownFile, read_order, review_classes

FOREIGN = {
    "label": "blob",
    "points": [[1, 1], [9, 2], [5, 8]],
    "shape_type": "polygon",
    "flags": {},
    "tool": {"x": 2**60},
}


def box(label: str = "wbc", x: float = 10, **other: Any) -> dict[str, Any]:
    shape = {"label": label, "points": [[x, 10], [x + 20, 30]], "shape_type": "rectangle", "flags": {"proposed": True}}
    return shape | other


def write(folder: Path, name: str, *shapes: dict[str, Any], **other: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((60, 80, 3), np.uint8)).save(folder / f"{name}.png")
    document = {"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": f"{name}.png", "imageData": None}
    file = folder / f"{name}.json"
    file.write_text(json.dumps(document | other))
    return file


def read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def edit_of(shown: ShownFile, *, is_confirmed: bool = False, **changes: Any) -> FileEdit:
    """All shapes as shown; `changes` apply to the first."""
    shapes = [ShapeEdit(id=shape.id, label=shape.label, is_proposed=shape.is_proposed) for shape in shown.shapes]
    if changes:
        shapes[0] = shapes[0].model_copy(update=changes)
    return FileEdit(shapes=tuple(shapes), is_confirmed=is_confirmed)


def test_file_is_shown_with_the_size_of_its_image(tmp_path: Path) -> None:
    write(tmp_path, "a", box(score=0.9), FOREIGN)
    shown = ReviewFolder(tmp_path).open(0)
    assert (shown.name, shown.width, shown.height, shown.is_confirmed) == ("a.json", 80, 60, False)
    assert [(shape.label, shape.kind, shape.is_proposed) for shape in shown.shapes] == [
        ("wbc", "box", True), ("blob", "polygon", False)
    ]  # fmt: skip


def test_change_is_saved_at_once_and_everything_else_stays(tmp_path: Path) -> None:
    file = write(
        tmp_path, "a", box(score=0.9, other="x"), FOREIGN, hemascope={"models": ["m"]}, unknown=[1, {"k": None}]
    )
    before = read(file)
    review = ReviewFolder(tmp_path)
    shown = review.open(0)
    review.save(0, edit_of(shown, label="monocyte", is_proposed=False, box_xyxy=(11.5, 10, 31, 30)), shown.version)
    after = read(file)
    assert after["shapes"][0] == before["shapes"][0] | {
        "label": "monocyte", "points": [[11.5, 10.0], [31.0, 30.0]], "flags": {"proposed": False}
    }  # fmt: skip
    assert after["shapes"][1] == FOREIGN  # to the last digit of numbers that JavaScript cannot hold
    assert {key: after[key] for key in ("hemascope", "unknown", "imagePath", "version")} == {
        key: before[key] for key in ("hemascope", "unknown", "imagePath", "version")
    }
    assert after["flags"] == {"confirmed": False}
    assert [path.name for path in tmp_path.iterdir() if path.suffix not in (".json", ".png")] == []


def test_deleted_shape_comes_back_whole_by_undo(tmp_path: Path) -> None:
    file = write(tmp_path, "a", box(tool="x"), box(x=40))
    review = ReviewFolder(tmp_path)
    shown = review.open(0)
    deleted = FileEdit(shapes=edit_of(shown).shapes[1:], is_confirmed=False)
    saved = review.save(0, deleted, shown.version)
    assert len(read(file)["shapes"]) == 1
    review.save(0, edit_of(shown), saved.version)
    assert read(file)["shapes"][0]["tool"] == "x"


def test_new_box_is_a_plain_rectangle_that_a_person_drew(tmp_path: Path) -> None:
    file = write(tmp_path, "a")
    review = ReviewFolder(tmp_path)
    new = ShapeEdit(id="new-1", label="blast", box_xyxy=(1, 2, 30, 40), is_proposed=False)
    saved = review.save(0, FileEdit(shapes=(new,), is_confirmed=True), review.open(0).version)
    assert read(file)["shapes"][0]["shape_type"] == "rectangle"
    assert saved.shapes[0].id == "new-1"
    again = review.save(
        0, FileEdit(shapes=(new.model_copy(update={"label": "monocyte"}),), is_confirmed=True), saved.version
    )
    assert (again.shapes[0].label, again.is_confirmed) == ("monocyte", True)


def test_file_that_changed_elsewhere_is_not_written(tmp_path: Path) -> None:
    file = write(tmp_path, "a", box())
    first, second = ReviewFolder(tmp_path), ReviewFolder(tmp_path)
    one, other = first.open(0), second.open(0)
    first.save(0, edit_of(one, label="blast"), one.version)
    with pytest.raises(AnnotationConflictError, match="changed elsewhere"):
        second.save(0, edit_of(other, label="monocyte"), other.version)
    assert read(file)["shapes"][0]["label"] == "blast"


def test_shape_that_is_not_known_is_a_conflict(tmp_path: Path) -> None:
    write(tmp_path, "a", box())
    review = ReviewFolder(tmp_path)
    strange = FileEdit(shapes=(ShapeEdit(id="0-x-3", label="blast", is_proposed=False),), is_confirmed=False)
    with pytest.raises(AnnotationConflictError, match="no shape"):
        review.save(0, strange, review.open(0).version)


def test_only_labels_of_the_taxonomy_can_be_given_but_foreign_ones_may_stay(tmp_path: Path) -> None:
    write(tmp_path, "a", box("my own"))
    review = ReviewFolder(tmp_path)
    shown = review.open(0)
    saved = review.save(0, edit_of(shown), shown.version)
    with pytest.raises(DatasetError, match="did you mean 'monocyte'"):
        review.save(0, edit_of(shown, label="monocyt"), saved.version)


def test_polygon_can_be_relabelled_but_not_moved(tmp_path: Path) -> None:
    write(tmp_path, "a", FOREIGN)
    review = ReviewFolder(tmp_path)
    shown = review.open(0)
    with pytest.raises(DatasetError, match="labelme"):
        review.save(0, edit_of(shown, box_xyxy=(1, 1, 5, 5)), shown.version)
    assert review.save(0, edit_of(shown, label="blast"), shown.version).shapes[0].label == "blast"


@pytest.mark.parametrize("corners", [(5, 5, 5, 9), (9, 9, 5, 5), (0, 0, float("nan"), 5), (0, 0, float("inf"), 5)])
def test_box_without_an_area_is_refused(corners: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValidationError):
        ShapeEdit(id="new-1", label="blast", box_xyxy=corners, is_proposed=False)


def test_listing_tells_what_waits(tmp_path: Path) -> None:
    write(tmp_path, "a", box())
    write(tmp_path, "b", box(flags={}))
    write(tmp_path, "c")
    write(tmp_path, "d", flags={"confirmed": True})
    write(tmp_path, "e").write_text("{")
    states = [(file.name, file.state) for file in ReviewFolder(tmp_path).listing()]
    assert states == [
        ("a.json", "open"), ("b.json", "done"), ("c.json", "open"), ("d.json", "done"), ("e.json", "broken")
    ]  # fmt: skip


def test_ranked_files_come_first(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path / "labels", name)
    table = tmp_path / "next.csv"
    table.write_text(
        f"rank,file,cells,score\n1,{tmp_path}/labels/c.json,1,1\n2,b.json,1,1\n3,b.json,1,1\n4,gone.json,1,1\n"
    )
    review = ReviewFolder(tmp_path / "labels", read_order(table, tmp_path / "labels"))
    assert [file.name for file in review.listing()] == ["c.json", "b.json", "a.json"]


def test_table_without_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "next.csv").write_text("name\nx\n")
    with pytest.raises(DatasetError, match="annotate rank"):
        read_order(tmp_path / "next.csv", tmp_path)


def test_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError, match="annotate propose"):
        ReviewFolder(tmp_path)


def test_every_class_has_a_key_of_its_own() -> None:
    keys = [row["key"] for row in review_classes()]
    assert all(keys)
    assert len(set(keys)) == len(keys)
