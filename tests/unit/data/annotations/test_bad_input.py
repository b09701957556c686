"""Files that are not as their format says: refused with the file, the place and the way out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hemascope.data.annotations import AnnotatedImage, Shape, guess_format, read_annotations, write_annotations
from hemascope.errors import DatasetError, OutputError

COCO: dict[str, Any] = {
    "images": [{"id": 1, "file_name": "a.png"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
    "categories": [{"id": 1, "name": "wbc"}],
}
LABELME: dict[str, Any] = {
    "shapes": [{"label": "wbc", "points": [[1, 2], [3, 4]], "shape_type": "rectangle"}],
    "imagePath": "a.png",
}
VOC = (
    "<annotation><filename>a.png</filename><object><name>wbc</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax>"
    "<ymax>4</ymax></bndbox></object></annotation>"
)
CSV = "image,label,x1,y1,x2,y2\na.png,wbc,1,2,3,4\n"
BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;">]>'


def read_one(path: Path, content: str | bytes, fmt: str) -> list[AnnotatedImage]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_annotations(path, fmt))


def coco(**changes: Any) -> str:
    return json.dumps(COCO | changes)


def annotation(**changes: Any) -> str:
    row = {key: value for key, value in (COCO["annotations"][0] | changes).items() if value is not None}
    return coco(annotations=[row])


def shape(**changes: Any) -> str:
    row = {key: value for key, value in (LABELME["shapes"][0] | changes).items() if value is not None}
    return json.dumps(LABELME | {"shapes": [row]})


@pytest.mark.parametrize(
    ("fmt", "content", "message"),
    [
        ("coco", "{", "no valid JSON"),
        ("coco", coco()[:-40], "no valid JSON"),
        ("coco", "{}", "lists no image.*this one has: none"),
        ("coco", '{"frames": []}', "this one has: frames"),
        ("coco", coco().encode("utf-16"), "no valid JSON in UTF-8"),
        ("coco", coco().replace("wbc", "\\u0007"), r"categories\[0\]: name: .*control character"),
        ("coco", coco(images=[{"id": 1}]), "image 1: file_name: Field required"),
        ("coco", coco(images=[{"file_name": "a.png"}]), "id must be a number"),
        ("coco", coco(images=COCO["images"] * 2), "two images have the id 1"),
        ("coco", coco(annotations=COCO["annotations"] * 2), "two annotations have the id 1"),
        ("coco", coco(categories=COCO["categories"] * 2), "two categories have the id 1"),
        ("coco", annotation(image_id=7), "image_id 7, but no image"),
        ("coco", annotation(image_id="1"), "image_id '1', but no image"),
        ("coco", annotation(image_id=2**70), "64 bits|integer overflow"),
        ("coco", annotation(category_id=7), "annotation 1 has the category_id 7"),
        ("coco", annotation(bbox=None), "annotation 1 has neither a bbox nor a polygon"),
        ("coco", annotation(bbox=[1, 2, 3]), r"annotation 1: bbox"),
        ("coco", annotation(bbox=[1, 2, "wide", 4]), r"annotation 1: bbox\[2\].*'wide'"),
        ("coco", annotation(bbox=[1, 2, -3, 4]), "annotation 1 .*is inverted"),
        ("coco", annotation(bbox=[1, 2, 0, 4]), "annotation 1 .*is empty: 0 x 4"),
        ("labelme", "{", "line 1, column 2: no valid JSON"),
        ("labelme", "[]", "the document: Input should be"),
        ("labelme", "[" * 100_000, "no usable JSON"),
        ("labelme", json.dumps(LABELME).encode("utf-16"), "UTF-16"),
        ("labelme", b'{\n"imagePath": "\xb0.png"}', "line 2: not UTF-8"),
        ("labelme", "{}", "shapes: Field required"),
        ("labelme", shape(label=None), r"shapes\[0\].label: Field required"),
        ("labelme", shape(label=" "), r"shapes\[0\].label: .*the label is empty"),
        ("labelme", shape(points=[[1, 2], [3, float("nan")]]), r"shapes\[0\].points\[1\]\[1\]"),
        ("labelme", shape(points=[[1, 2]]), "needs at least 2"),
        ("labelme", shape(shape_type="oval"), r"shapes\[0\].shape_type.*'oval'"),
        ("labelme", json.dumps(LABELME | {"imagePath": ".."}), "imagePath: '..' names no image"),
        ("voc", "<annotation>", r"line 1, column \d+: no valid XML"),
        ("voc", BOMB + "<annotation>&c;</annotation>", "DOCTYPE is not accepted"),
        ("voc", "<svg/>", "outermost element is <svg>"),
        ("voc", "<annotation/>", "<filename> names no image"),
        ("voc", VOC.replace("<name>wbc</name>", ""), "object 1: <name>: the label is empty"),
        ("voc", VOC.replace("<xmin>1</xmin>", ""), "object 1: <bndbox><xmin> is missing"),
        ("voc", VOC.replace("<xmin>1", "<xmin>one"), "<xmin> is 'one'"),
        ("voc", VOC.replace("<xmin>1", "<xmin>5"), "object 1 .*is inverted"),
        ("voc", VOC.replace("<xmin>1", "<xmin>inf"), "not a finite number"),
        ("voc", '<?xml version="1.0" encoding="klingon"?>' + VOC, "a.in"),
        ("csv", "", r"lacks the column\(s\) image"),
        ("csv", CSV.replace("label", "kind"), r"lacks the column\(s\) label; its header is: image, kind"),
        ("csv", CSV.replace("wbc", ""), "line 2: the label is empty"),
        ("csv", CSV.replace("a.png", ""), "line 2: the image is not named"),
        ("csv", CSV.replace(",1,", ",one,"), "line 2: x1 is 'one'"),
        ("csv", CSV.replace(",1,", ",9,"), "line 2 .*is inverted"),
        ("csv", CSV + "a.png,wbc,1,2,3,4,5\n", "line 3: 7 values, but 6 columns"),
        ("csv", CSV.encode("utf-16"), "no CSV table in UTF-8"),
        ("csv-images", "image,label\na.png,wbc\na.png,rbc\n", "line 3: image 'a.png' comes twice"),
    ],
)
def test_file_is_refused_with_the_place_that_is_wrong(
    tmp_path: Path, fmt: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(DatasetError, match=message) as raised:
        read_one(tmp_path / "a.in", content, fmt)
    assert "a.in" in str(raised.value)


@pytest.mark.parametrize(("fmt", "content"), [("coco", coco()), ("labelme", json.dumps(LABELME)), ("csv", CSV)])
def test_file_with_a_byte_order_mark_is_read(tmp_path: Path, fmt: str, content: str) -> None:
    (record,) = read_one(tmp_path / "a.in", b"\xef\xbb\xbf" + content.encode(), fmt)
    assert record.name == "a.png"
    assert record.shapes[0].box_xyxy[:2] == (1, 2)


def test_wrong_boxes_can_be_had_as_they_are_by_those_who_look_for_them(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(VOC.replace("<xmin>1", "<xmin>5"))
    (record,) = read_annotations(tmp_path / "a.xml", "voc", check=False)
    assert record.shapes[0].box_xyxy == (5, 2, 3, 4)


def yolo(root: Path, labels: str = "0 0.5 0.5 0.1 0.1\n", names: str | None = "wbc\nrbc\n") -> Path:
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    Image.new("RGB", (100, 50)).save(root / "images" / "a.png")
    (root / "labels" / "a.txt").write_text(labels)
    if names is not None:
        (root / "classes.txt").write_text(names)
    return root


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: (root / "labels" / "a.txt").write_text("\n2 0.5 0.5 0.1 0.1\n"), r"a\.txt, line 2: class 2"),
        (lambda root: (root / "labels" / "a.txt").write_text("-1 0.5 0.5 0.1 0.1\n"), "line 1: class -1"),
        (lambda root: (root / "labels" / "a.txt").write_text("wbc 0.5 0.5 0.1 0.1\n"), "line 1: expected 'class cx"),
        (lambda root: (root / "labels" / "a.txt").write_text("0 0.5 0.5 0.1\n"), "line 1: expected 'class cx"),
        (lambda root: (root / "labels" / "a.txt").write_text("0 0.5 0.5 -0.1 0.1\n"), "line 1 .*is inverted"),
        (lambda root: (root / "labels" / "a.txt").write_text("0 nan 0.5 0.1 0.1\n"), "not a finite number"),
        (lambda root: (root / "labels" / "b.txt").write_text(""), r"b\.txt describes no image"),
        (lambda root: (root / "images" / "a.png").write_text("no picture"), r"a\.png cannot be read: .*plain text"),
        (lambda root: (root / "classes.txt").unlink(), "no data.yaml or classes.txt"),
        (lambda root: (root / "classes.txt").write_text("wbc\nwbc\n"), "a class name comes twice"),
        (lambda root: (root / "data.yaml").write_text("names: {1: wbc}"), "without gaps"),
        (lambda root: (root / "data.yaml").write_text("names: [wbc"), "no valid YAML"),
        (lambda root: (root / "data.yaml").write_text("names: [wbc]\ntrain: pictures\n"), "names 'pictures'"),
    ],
)
def test_yolo_dataset_is_refused_with_the_place_that_is_wrong(
    tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    root = yolo(tmp_path / "d")
    spoil(root)
    with pytest.raises(DatasetError, match=message):
        list(read_annotations(root, "yolo"))


def test_yolo_lines_with_a_score_or_a_polygon_are_read(tmp_path: Path) -> None:
    labels = "1 0.5 0.5 0.2 0.4 0.75\n0 0.1 0.1 0.2 0.1 0.2 0.4\n"
    (record,) = read_annotations(yolo(tmp_path / "d", labels), "yolo")
    box, polygon = record.shapes
    assert (box.label, box.score) == ("rbc", 0.75)
    assert box.box_xyxy == pytest.approx((40, 15, 60, 35))
    assert (polygon.label, polygon.kind) == ("wbc", "polygon")
    assert polygon.points == (pytest.approx((10, 5)), pytest.approx((20, 5)), pytest.approx((20, 20)))


def test_yolo_dataset_without_names_is_read_with_the_classes_given(tmp_path: Path) -> None:
    (record,) = read_annotations(yolo(tmp_path / "d", names=None), "yolo", classes=("cell",))
    assert record.shapes[0].label == "cell"


@pytest.mark.parametrize("fmt", ["labelme", "voc", "yolo"])
def test_images_that_differ_in_extension_only_are_refused_and_nothing_is_left(tmp_path: Path, fmt: str) -> None:
    records = [AnnotatedImage(tmp_path / name, name, 9, 9) for name in ("a.png", "a.jpg")]
    with pytest.raises(DatasetError, match="two images would both be described in"):
        write_annotations(records, tmp_path / "out", fmt)
    assert list(tmp_path.iterdir()) == []


def test_yolo_needs_the_image_where_its_size_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"a\.png does not exist, but its size is needed"):
        write_annotations([AnnotatedImage(tmp_path / "a.png", "a.png")], tmp_path / "out", "yolo")


def test_boxes_are_cut_at_the_border_for_yolo_and_counted(tmp_path: Path) -> None:
    boxes = [(-5.0, 1.0, 5.0, 6.0), (90.0, 1.0, 95.0, 6.0), (1.0, 1.0, 8.0, 50.0 + 1e-9)]
    shapes = tuple(Shape.from_xyxy("wbc", box) for box in boxes)
    report = write_annotations([AnnotatedImage(tmp_path / "a.png", "a.png", 50, 50, shapes)], tmp_path / "o", "yolo")
    assert report.shapes == 2
    assert report.losses == (
        "1 shape was cut at the border of its image",
        "1 shape outside of its image was left out",
    )


@pytest.mark.parametrize("name", ["", "a.json"])
def test_output_that_exists_is_not_touched(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out" / name
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.json").write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        write_annotations([AnnotatedImage(tmp_path / "a.png", "a.png", 9, 9)], out, "coco")
    assert (tmp_path / "out" / "a.json").read_text() == "mine"


def test_error_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    good, bad = VOC, VOC.replace("<xmin>1", "<xmin>one")
    for name, content in (("a", good), ("b", bad)):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{name}.xml").write_text(content)
    with pytest.raises(DatasetError):
        write_annotations(read_annotations(tmp_path / "in"), tmp_path / "out", "coco")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_half_a_character_is_refused_and_not_written(tmp_path: Path) -> None:
    record = AnnotatedImage(tmp_path / "a.png", "a.png", 9, 9, other={"reader": "\ud800"})
    with pytest.raises(DatasetError, match="half a character"):
        write_annotations([record], tmp_path / "out", "labelme")


def test_format_is_told_by_content_and_not_by_name(tmp_path: Path) -> None:
    for name, content in (("coco", coco()), ("labelme", json.dumps(LABELME))):
        (tmp_path / f"{name}.json").write_text(content)
        assert guess_format(tmp_path / f"{name}.json") == name
    with pytest.raises(DatasetError, match=r"looks like coco and labelme \(found 2 \.json\); choose one with --from"):
        guess_format(tmp_path)


def test_folder_without_annotations_is_refused_with_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_text("")
    with pytest.raises(DatasetError, match=r"found 1 \.docx\); name the format with --from: labelme, coco"):
        guess_format(tmp_path)
