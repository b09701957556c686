"""labelme: one JSON file an image. https://github.com/wkentaro/labelme, files of version 4 and 5.

Unknown keys are kept, as labelme does. What labelme has no key for stands where its users see it: difficult, truncated
and crowd as flags of the shape, a score as `score` and in the description, the class of the whole image as a flag.
"""

import json
import re
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from hemascope.data.annotations.document import Label, Row, checked, files_below, parse_json
from hemascope.data.annotations.record import CONFIRMED_FLAG, AnnotatedImage, Shape, ShapeKind, bounds
from hemascope.data.annotations.reference import (
    dataset_name,
    is_absolute_reference,
    reference_from,
    resolve_reference,
)
from hemascope.data.annotations.whole_file import write_whole
from hemascope.errors import DatasetError

LABELME_VERSION: Final = "5.5.0"
_TYPE_OF_KIND: Final[dict[ShapeKind, str]] = {"box": "rectangle"}
_SCORE_TEXT = re.compile(r"score -?\d+\.\d{3}")
_MARKS = ("difficult", "truncated", "crowd")


class _LabelmeShape(Row):
    label: Label
    points: list[tuple[float, float]] = Field(min_length=1)
    group_id: int | None = None
    description: str | None = None
    shape_type: Literal["rectangle", "polygon", "circle", "line", "linestrip", "point", "points", "mask"] = "polygon"
    flags: dict[str, bool] | None = None
    mask: str | None = None
    score: float | None = None


class _LabelmeFile(Row):
    shapes: list[_LabelmeShape]
    image_path: str = Field(alias="imagePath", min_length=1)
    image_data: str | None = Field(None, alias="imageData")
    image_height: int | None = Field(None, alias="imageHeight")
    image_width: int | None = Field(None, alias="imageWidth")
    flags: dict[str, bool] | None = None
    image_label: Label | None = None
    split: str | None = None
    source: str | None = None
    group: str | None = None


def read_labelme_file(path: Path) -> AnnotatedImage:
    """The annotations of one image; `imagePath` is followed from the file's folder, the image is not opened.

    The class of the image is the key `image_label`, or the only flag that is set where nothing is drawn.
    Raises DatasetError naming the key that is missing or wrong.
    """
    file = checked(_LabelmeFile, parse_json(path), path)
    flags = file.flags or {}
    try:
        name = f"{path.stem}{Path(dataset_name(file.image_path)).suffix}"
    except ValueError as error:
        raise DatasetError(f"{path}: imagePath: {error}") from error
    return AnnotatedImage(
        image=resolve_reference(file.image_path, path.parent),
        name=name,
        width=file.image_width,
        height=file.image_height,
        shapes=tuple(_to_shape(row, f"shapes[{number}]") for number, row in enumerate(file.shapes)),
        label=file.image_label or (None if file.shapes else _only_flag(flags)),
        split=file.split,
        source=file.source,
        group=file.group,
        flags=flags,
        other=file.other_keys(),
        embedded_image=file.image_data,
        is_absolute=is_absolute_reference(file.image_path),
        origin=str(path),
    )


def read_labelme(root: Path) -> Generator[AnnotatedImage, None, None]:
    """Every `*.json` in and below a folder in the order of their paths, or one file; raises DatasetError."""
    if root.is_file():
        yield read_labelme_file(root)
        return
    for path in files_below(root, "*.json"):
        record = read_labelme_file(path)
        yield replace(record, name=(path.relative_to(root).parent / record.name).as_posix())


def write_labelme_file(image: AnnotatedImage, path: Path) -> None:
    """Writes a file that labelme opens, whole or not at all; shapes, flags and unknown keys as they are in `image`.

    Raises OutputError.
    """
    write_whole(path, labelme_text(image, path.parent))


def labelme_text(image: AnnotatedImage, folder: Path) -> str:
    """The content of a labelme file that will lie in `folder`."""
    flags = dict(image.flags)
    other = dict(image.other)
    for key, value in (("split", image.split), ("source", image.source), ("group", image.group)):
        if value is not None:
            other[key] = value
    if image.label is not None:
        flags[image.label] = True
        if image.shapes or _only_flag(flags) != image.label:
            other["image_label"] = image.label
    document = {
        "version": other.pop("version", LABELME_VERSION),
        "flags": flags,
        "shapes": [_to_row(shape) for shape in image.shapes],
        "imagePath": reference_from(folder, image.image, is_absolute=image.is_absolute),
        "imageData": image.embedded_image,
        "imageHeight": image.height,
        "imageWidth": image.width,
    }
    return json.dumps({**document, **_without(other, document)}, ensure_ascii=False, indent=1)


def _only_flag(flags: dict[str, bool]) -> str | None:
    set_flags = [name for name, is_set in flags.items() if is_set and name != CONFIRMED_FLAG]
    return set_flags[0] if len(set_flags) == 1 else None


def _to_shape(row: _LabelmeShape, place: str) -> Shape:
    flags = dict(row.flags or {})
    is_difficult, is_truncated, is_crowd = (flags.get(mark) is True and flags.pop(mark) for mark in _MARKS)
    description = row.description or ""
    kind: ShapeKind = "box" if row.shape_type == "rectangle" else row.shape_type
    points = tuple(row.points)
    if kind in ("box", "mask") and len(points) > 1:
        x1, y1, x2, y2 = bounds(points)  # drawn from any corner; some tools store all four
        points = ((x1, y1), (x2, y2))
    score = row.score
    if _SCORE_TEXT.fullmatch(description):
        score = float(description.removeprefix("score ")) if score is None else score
        description = ""
    return Shape(
        label=row.label,
        points=points,
        kind=kind,
        score=score,
        description=description,
        flags=flags,
        group_id=row.group_id,
        is_difficult=is_difficult,
        is_truncated=is_truncated,
        is_crowd=is_crowd,
        other=row.other_keys() | ({} if row.mask is None else {"mask": row.mask}),
        place=place,
    )


def _to_row(shape: Shape) -> dict[str, object]:
    marks = zip(_MARKS, (shape.is_difficult, shape.is_truncated, shape.is_crowd), strict=True)
    other = dict(shape.other)
    row: dict[str, object] = {
        "label": shape.label,
        "points": [list(point) for point in shape.points],
        "group_id": shape.group_id,
        "description": shape.description or ("" if shape.score is None else f"score {shape.score:.3f}"),
        "shape_type": _TYPE_OF_KIND.get(shape.kind, shape.kind),
        "flags": {**shape.flags, **{name: True for name, is_set in marks if is_set}},
        "mask": other.pop("mask", None),
    }
    if shape.score is not None:
        row["score"] = shape.score
    return {**row, **_without(other, row)}


def _without(other: dict[str, object], known: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in other.items() if key not in known}
