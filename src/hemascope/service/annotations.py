"""Boxes and classes in the files of correction tools: `labelme/<field>.json` and one `coco.json`.

Both hold every cell; their labels are ids of the taxonomy.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field

from hemascope.data.annotations.record import PROPOSED_FLAG
from hemascope.errors import InputUnreadableError
from hemascope.hematology.taxonomy import TAXONOMY
from hemascope.service.append_file import AppendFile
from hemascope.service.output_folder import COCO_FILE

LABELME_VERSION = "5.5.0"
_CATEGORY_NUMBERS = {class_id: number for number, class_id in enumerate(TAXONOMY, start=1)}


@dataclass(frozen=True, slots=True)
class BoxAnnotation:
    """`cell` is the number in cells.csv, None for red cells and platelets, which are not listed there."""

    label: str
    box_xyxy: tuple[float, float, float, float]
    score: float  # of the detector, 0..1
    cell: int | None


@dataclass(frozen=True, slots=True)
class FieldAnnotations:
    image: Path
    width: int
    height: int
    boxes: tuple[BoxAnnotation, ...]


def labelme_json(annotations: FieldAnnotations, folder: Path) -> str:
    """The file labelme opens from inside `folder`; `group_id` carries the cell number."""
    shapes: list[dict[str, object]] = [
        {
            "label": box.label,
            "points": [[box.box_xyxy[0], box.box_xyxy[1]], [box.box_xyxy[2], box.box_xyxy[3]]],
            "group_id": box.cell,
            "description": f"score {box.score:.3f}",
            "shape_type": "rectangle",
            "flags": {PROPOSED_FLAG: True},  # nobody has looked at it yet
            "mask": None,
        }
        for box in annotations.boxes
    ]
    document: dict[str, object] = {
        "version": LABELME_VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": _path_from(folder, annotations.image),
        "imageData": None,
        "imageHeight": annotations.height,
        "imageWidth": annotations.width,
    }
    return json.dumps(document)


class _LabelmeShape(BaseModel):
    label: str
    points: tuple[tuple[float, float], ...] = Field(min_length=1)
    group_id: int | None
    shape_type: str


class _LabelmeFile(BaseModel):
    shapes: tuple[_LabelmeShape, ...]


def read_uncounted_boxes(labelme_file: Path) -> tuple[BoxAnnotation, ...]:
    """Red cells and platelets of a field; what a person drew there since (other shapes, own labels) is passed over.

    Raises InputUnreadableError.
    """
    try:
        shapes = _LabelmeFile.model_validate(json.loads(labelme_file.read_bytes())).shapes
    except (OSError, ValueError) as error:
        raise InputUnreadableError(f"'{labelme_file}' cannot be read as a labelme file: {error}") from error
    return tuple(
        BoxAnnotation(shape.label, _corners_xyxy(shape.points), 0.0, None)
        for shape in shapes
        if shape.group_id is None and shape.shape_type == "rectangle" and shape.label in TAXONOMY
    )


def _corners_xyxy(points: tuple[tuple[float, float], ...]) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


class CocoWriter:
    """Streams `coco.json`: rows go to two part files as fields finish, `close` joins them, so memory does not grow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._images = AppendFile(folder / "coco.images.part")
        self._annotations = AppendFile(folder / "coco.annotations.part")
        self._image_count = 0
        self._annotation_count = 0

    def append(self, field: FieldAnnotations) -> None:
        """Raises OSError."""
        image_id = self._image_count + 1
        image = {
            "id": image_id,
            "file_name": _path_from(self._folder, field.image),
            "width": field.width,
            "height": field.height,
        }
        rows = [
            _coco_row(box, self._annotation_count + number, image_id) for number, box in enumerate(field.boxes, start=1)
        ]
        self._annotations.append("".join(f"{json.dumps(row)}\n" for row in rows))
        self._images.append(f"{json.dumps(image)}\n")
        self._image_count += 1
        self._annotation_count += len(rows)

    def close(self) -> None:
        """Raises OSError; the part files then stay."""
        categories = [
            {"id": number, "name": class_id, "supercategory": str(TAXONOMY[class_id].lineage)}
            for class_id, number in _CATEGORY_NUMBERS.items()
        ]
        whole = self._folder / f"{COCO_FILE}.part"
        self._images.close()
        self._annotations.close()
        with whole.open("w", encoding="utf-8") as out:
            out.write(f'{{"info": {{"description": "Hemascope"}},\n"categories": {json.dumps(categories)},\n')
            for key, part in (("images", self._images), ("annotations", self._annotations)):
                out.write(f'"{key}": [')
                with part.path.open(encoding="utf-8") as lines:
                    for number, line in enumerate(lines):
                        out.write(("\n" if number == 0 else ",\n") + line.rstrip("\n"))
                out.write("]" + (",\n" if key == "images" else "}\n"))
        whole.replace(self._folder / COCO_FILE)
        for part in (self._images, self._annotations):
            part.path.unlink()


def _coco_row(box: BoxAnnotation, annotation_id: int, image_id: int) -> dict[str, int | float | list[float] | None]:
    x1, y1, x2, y2 = box.box_xyxy
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": _CATEGORY_NUMBERS[box.label],
        "bbox": [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)],
        "area": round((x2 - x1) * (y2 - y1), 2),
        "iscrowd": 0,
        "score": box.score,
        "cell": box.cell,
    }


def _path_from(folder: Path, image: Path) -> str:
    """`image` as seen from `folder`, with `/`; absolute where no relative path exists (another drive)."""
    try:
        path = os.path.relpath(image.absolute(), folder.absolute())
    except ValueError:
        path = str(image.absolute())
    return Path(path).as_posix()
