"""Writes COCO as a stream: memory does not grow with the images."""

import json
import shutil
from typing import IO

from hemascope.data.annotations.coco import PRECISION_DIGITS, area
from hemascope.data.annotations.record import AnnotatedImage, Shape
from hemascope.data.annotations.target import Target, image_place
from hemascope.hematology.taxonomy import TAXONOMY

_ANNOTATIONS_PART = ".annotations.part"


class CocoWriter:
    """Images go straight into the document, annotations to a part file that `close` puts behind them.

    Categories are numbered from 1: those of `target.classes`, then others as they appear.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._document = (target.folder / target.document).open("x", encoding="utf-8", newline="\n")
        self._annotations = (target.folder / _ANNOTATIONS_PART).open("x+", encoding="utf-8", newline="\n")
        self._document.write('{"info": {"description": "Hemascope"},\n"images": [')
        self._numbers = {name: number for number, name in enumerate(target.classes, start=1)}
        self._image_count = 0
        self._annotation_count = 0

    def add(self, record: AnnotatedImage) -> None:
        record = self._target.place(record, image_place(record.name))
        self._image_count += 1
        row = image_row(record, self._image_count, self._target.reference(record))
        _write_row(self._document, row, is_first=self._image_count == 1)
        for shape in record.shapes:
            category = self._numbers.setdefault(shape.label, len(self._numbers) + 1)
            self._annotation_count += 1
            row = annotation_row(shape, self._annotation_count, self._image_count, category)
            _write_row(self._annotations, row, is_first=self._annotation_count == 1)

    def close(self) -> None:
        self._document.write('],\n"annotations": [')
        with self._annotations as part:
            part.seek(0)
            shutil.copyfileobj(part, self._document)
        (self._target.folder / _ANNOTATIONS_PART).unlink()
        categories = [_category_row(name, number) for name, number in self._numbers.items()]
        self._document.write(f'],\n"categories": {json.dumps(categories, ensure_ascii=False)}}}\n')
        self._document.close()


def image_row(record: AnnotatedImage, image_id: int, file_name: str) -> dict[str, object]:
    """The row of `images`."""
    row: dict[str, object] = {"id": image_id, "file_name": file_name}
    for key in ("width", "height", "label", "split", "source", "group"):
        value = getattr(record, key)
        if value is not None:
            row[key] = value
    if record.flags:
        row["flags"] = dict(record.flags)
    return {**record.other, **row}


def annotation_row(shape: Shape, annotation_id: int, image_id: int, category_id: int) -> dict[str, object]:
    """The row of `annotations` of a box or a polygon."""
    x1, y1, x2, y2 = shape.box_xyxy
    bbox = [x1, y1, round(x2 - x1, PRECISION_DIGITS), round(y2 - y1, PRECISION_DIGITS)]
    other = dict(shape.other)
    row: dict[str, object] = {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": category_id,
        "bbox": other.pop("bbox", bbox),
        "area": other.pop("area", round(area(shape.points), PRECISION_DIGITS)),
        "iscrowd": int(shape.is_crowd),
    }
    if shape.kind == "polygon":
        row["segmentation"] = [[value for point in shape.points for value in point]]
    for key, value in (("score", shape.score), ("group_id", shape.group_id)):
        if value is not None:
            row[key] = value
    if shape.description:
        row["description"] = shape.description
    if shape.flags:
        row["flags"] = dict(shape.flags)
    for key, is_set in (("difficult", shape.is_difficult), ("truncated", shape.is_truncated)):
        if is_set:
            row[key] = 1
    return {**row, **{key: value for key, value in other.items() if key not in row}}


def _category_row(name: str, number: int) -> dict[str, object]:
    known = TAXONOMY.get(name)
    return {"id": number, "name": name} | ({"supercategory": str(known.lineage)} if known else {})


def _write_row(file: IO[str], row: dict[str, object], *, is_first: bool) -> None:
    file.write(("\n" if is_first else ",\n") + json.dumps(row, ensure_ascii=False))
