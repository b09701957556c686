"""YOLO: one text file an image, boxes as parts of its size. https://docs.ultralytics.com/datasets/detect/

A line is `class cx cy width height`, or `class x1 y1 x2 y2 x3 y3 ...` for a polygon; a score may follow when a model
wrote it. A file that has one polygon has polygons only, because tools misread a box among them: there a box is the
polygon of its four corners from the upper left one clockwise, and such a polygon is read as a box.
"""

import csv
import json
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Final

from hemascope.data.annotations.document import read_text
from hemascope.data.annotations.image_size import image_size
from hemascope.data.annotations.record import AnnotatedImage, Point, Shape
from hemascope.data.annotations.reference import is_absolute_reference
from hemascope.data.annotations.target import Target, with_extension
from hemascope.data.annotations.yolo_files import (
    IMAGE_TABLE,
    IMAGE_TABLE_COLUMNS,
    YoloImage,
    find_name_file,
    list_images,
    read_names,
)
from hemascope.errors import DatasetError

PRECISION_PX: Final = 0.01  # up to images of a million pixels a side
_DIGITS = 8
_EXPECTED = "expected 'class cx cy width height' or 'class x1 y1 x2 y2 x3 y3 ...', all but the class in 0..1"


def read_yolo(root: Path, classes: Sequence[str] = ()) -> Generator[AnnotatedImage, None, None]:
    """Images of a dataset folder or of its YAML file, with their sizes from the image files.

    `classes` names the class numbers, for datasets that do not. Raises DatasetError for missing images, names or
    numbers.
    """
    names = tuple(classes) or read_yolo_classes(root)
    for entry in list_images(root, find_name_file(root)):
        yield _read_image(entry, names)


def read_yolo_classes(root: Path) -> tuple[str, ...]:
    """Class names in the order of their numbers. Raises DatasetError where no file says them."""
    name_file = find_name_file(root)
    if name_file is None:
        raise DatasetError(
            f"{root} has no data.yaml or classes.txt that names the classes; add one, or give --classes in their order"
        )
    return read_names(name_file)


class YoloWriter:
    """`labels/<split>/<name>.txt` and data.yaml; images that are copied or linked go to `images/<split>`.

    Images that stay where they are are listed in images.csv: `hemascope data` reads it, YOLO tools do not.
    Classes are numbered from 0: those of `target.classes`, then others as they appear.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._numbers = {name: number for number, name in enumerate(target.classes)}
        self._splits: dict[str | None, None] = {}
        self._table = None
        if target.images == "keep":
            self._table = (target.folder / IMAGE_TABLE).open("x", encoding="utf-8", newline="")
            self._rows = csv.writer(self._table, lineterminator="\n")
            self._rows.writerow(IMAGE_TABLE_COLUMNS)

    def add(self, record: AnnotatedImage) -> None:
        self._splits[record.split] = None
        name = record.name
        if record.split is not None:
            name = f"{record.split}/{name.removeprefix(f'{record.split}/')}"
        record = self._target.place(record, f"images/{name}")
        file = f"labels/{with_extension(name, '.txt')}"
        with self._target.create(file, record) as stream:
            stream.writelines(f"{line}\n" for line in self._lines(record))
        if self._table is not None:
            self._rows.writerow((self._target.reference(record), file, record.split or ""))

    def close(self) -> None:
        lines = ["# class names in the order of their numbers"]
        if self._table is not None:
            self._table.close()
            lines.append("# the images are not here, see images.csv; convert with --link-images to train YOLO tools")
        if len(self._splits) > 1 and None in self._splits:
            raise DatasetError("some images have a split and some have none; give each image one")
        if None in self._splits:
            lines += ["train: images", "val: images"]
        lines += [f"{split}: images/{split}" for split in self._splits if split is not None]
        lines.append("names:" if self._numbers else "names: []")
        lines += [f"  {number}: {json.dumps(name, ensure_ascii=False)}" for name, number in self._numbers.items()]
        (self._target.folder / "data.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _lines(self, record: AnnotatedImage) -> Iterator[str]:
        width, height = record.width or 1, record.height or 1
        has_polygon = any(shape.kind == "polygon" for shape in record.shapes)
        for shape in record.shapes:
            number = self._numbers.setdefault(shape.label, len(self._numbers))
            x1, y1, x2, y2 = shape.box_xyxy
            if not has_polygon:
                values = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height]
                yield " ".join([str(number), *map(_text, values)])
                continue
            points = shape.points if shape.kind == "polygon" else ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
            corners = [(_text(x / width), _text(y / height)) for x, y in points]
            if shape.kind == "polygon" and _is_box(corners):
                corners = [*corners[1:], corners[0]]
            yield " ".join([str(number), *(text for corner in corners for text in corner)])


def _text(value: float) -> str:
    return f"{value:.{_DIGITS}f}"


def _is_box(corners: Sequence[tuple[object, object]]) -> bool:
    if len(corners) != 4:
        return False
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    return ax == dx and bx == cx and ay == by and cy == dy


def _read_image(entry: YoloImage, names: tuple[str, ...]) -> AnnotatedImage:
    width, height = image_size(entry.image)
    shapes: list[Shape] = []
    if entry.labels.is_file():
        for number, line in enumerate(read_text(entry.labels).splitlines(), start=1):
            if line.strip():
                shapes.append(_to_shape(entry.labels, number, line.split(), names, (width, height)))
    return AnnotatedImage(
        image=entry.image,
        name=entry.name,
        width=width,
        height=height,
        shapes=tuple(shapes),
        split=entry.split,
        is_absolute=is_absolute_reference(entry.reference),
        origin=str(entry.labels),
    )


def _to_shape(path: Path, number: int, words: list[str], names: tuple[str, ...], size: tuple[int, int]) -> Shape:
    place = f"line {number}"
    try:
        class_number = int(words[0])
        values = [float(word) for word in words[1:]]
    except ValueError as error:
        raise DatasetError(f"{path}, {place}: {_EXPECTED}; found {error}") from error
    if not 0 <= class_number < len(names):
        raise DatasetError(
            f"{path}, {place}: class {class_number}, but there are {len(names)} names: 0..{len(names) - 1}"
        )
    if len(values) < 4:
        raise DatasetError(f"{path}, {place}: {_EXPECTED}; found {len(words)} numbers")
    score = values.pop() if len(values) % 2 else None
    width, height = size
    label = names[class_number]
    if len(values) == 4:
        cx, cy, w, h = values
        points: tuple[Point, ...] = (
            ((cx - w / 2) * width, (cy - h / 2) * height),
            ((cx + w / 2) * width, (cy + h / 2) * height),
        )
        return Shape(label, points, score=score, place=place)
    corners = list(zip(values[::2], values[1::2], strict=True))
    points = tuple((x * width, y * height) for x, y in corners)
    if _is_box(corners):
        return Shape(label, (points[0], points[2]), score=score, place=place)
    return Shape(label, points, "polygon", score=score, place=place)
