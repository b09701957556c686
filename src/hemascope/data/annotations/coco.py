"""COCO, object detection: one JSON document. https://cocodataset.org/#format-data

Read as a stream, in any order of its keys and rows, so a document may be larger than memory. Numbers of images,
annotations and categories are book-keeping of the document: they are checked, not kept. Beside its own keys an image
may have `label` (class of the whole image), `split`, `source`, `group`, `flags`; an annotation `score`, `description`,
`flags`, `group_id`, `difficult`, `truncated`. Tools that do not know them pass over them.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final

import ijson
from pydantic import Field

from hemascope.data.annotations.document import Label, Row, checked
from hemascope.data.annotations.grouping import Key, RowsByImage
from hemascope.data.annotations.record import AnnotatedImage, Point, Shape, bounds
from hemascope.data.annotations.reference import dataset_name, is_absolute_reference, resolve_reference
from hemascope.errors import DatasetError

PRECISION_DIGITS: Final = 6  # of a pixel: left + width in binary numbers is not quite the right border
_BOM = b"\xef\xbb\xbf"
_SAME_PX = 0.01


class _Category(Row):
    id: int | str
    name: Label


class _Image(Row):
    id: int | str
    file_name: str = Field(min_length=1)
    width: int | None = None
    height: int | None = None
    label: Label | None = None
    split: str | None = None
    source: str | None = None
    group: str | None = None
    flags: dict[str, bool] | None = None


class _Annotation(Row):
    id: int | str | None = None
    image_id: int | str
    category_id: int | str
    bbox: tuple[float, float, float, float] | None = None
    area: float | None = None
    segmentation: Any = None
    iscrowd: bool = False
    score: float | None = None
    description: str | None = None
    flags: dict[str, bool] | None = None
    group_id: int | None = None
    difficult: bool = False
    truncated: bool = False


def read_coco(path: Path) -> Generator[AnnotatedImage, None, None]:
    """Images in the order of the document, which is read before the first is given.

    Raises DatasetError for broken JSON, missing or wrong keys, ids that come twice and ids that are not there.
    """
    names = {row.id: row.name for row in _categories(path)}
    with RowsByImage() as rows:
        for image in _items(path, "images"):
            rows.add_image(_id_of(image, "id", f"{path}: an image"), image)
        for annotation in _items(path, "annotations"):
            key = annotation.get("id") if isinstance(annotation, dict) else None
            place = f"{path}: annotation {key}"
            image_id = _id_of(annotation, "image_id", place)
            rows.add_shape(image_id, None if key is None else _id_of(annotation, "id", place), annotation)
        rows.finish()
        _check_ids(path, rows)
        is_empty = True
        for image, annotations in rows.images():
            is_empty = False
            yield _to_record(path, image, annotations, names)
    if is_empty:
        raise DatasetError(
            f"{path} lists no image; a COCO document has the keys images, annotations and categories, "
            f"this one has: {', '.join(_top_keys(path)) or 'none'}"
        )


def read_coco_classes(path: Path) -> tuple[str, ...]:
    """Names of the categories in their order."""
    return tuple(dict.fromkeys(row.name for row in _categories(path)))


def _categories(path: Path) -> list[_Category]:
    rows = [checked(_Category, row, f"{path}: categories[{n}]") for n, row in enumerate(_items(path, "categories"))]
    seen: set[Key] = set()
    for row in rows:
        if row.id in seen:
            raise DatasetError(f"{path}: two categories have the id {row.id!r}; give each its own")
        seen.add(row.id)
    return rows


def _items(path: Path, key: str) -> Iterator[Any]:
    """Rows of one top-level list of the document."""
    try:
        with path.open("rb") as file:
            if file.read(len(_BOM)) != _BOM:
                file.seek(0)
            yield from ijson.items(file, f"{key}.item", use_float=True)
    except FileNotFoundError as error:
        raise DatasetError(f"{path} does not exist; check the path") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    except (ijson.JSONError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise DatasetError(
            f"{path}, in or before '{key}': no valid JSON in UTF-8 ({reason}); export it again"
        ) from error


def _top_keys(path: Path) -> list[str]:
    with path.open("rb") as file:
        return [value for prefix, event, value in ijson.parse(file) if event == "map_key" and prefix == ""]


def _id_of(row: Any, key: str, place: str) -> Key:
    value = row.get(key) if isinstance(row, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise DatasetError(f"{place}: {key} must be a number without fraction or a text; found {str(row)[:80]}")
    return value


def _check_ids(path: Path, rows: RowsByImage) -> None:
    twice = rows.duplicate_key("images")
    if twice is not None:
        raise DatasetError(f"{path}: two images have the id {twice!r}; give each its own")
    twice = rows.duplicate_key("shapes")
    if twice is not None:
        raise DatasetError(f"{path}: two annotations have the id {twice!r}; give each its own")
    unknown = rows.unknown_image()
    if unknown is not None:
        raise DatasetError(f"{path}: an annotation has the image_id {unknown!r}, but no image has that id")


def _to_record(path: Path, row: Any, annotations: list[Any], names: dict[Key, str]) -> AnnotatedImage:
    origin = f"{path}: image {row['id']!r}"
    image = checked(_Image, row, origin)
    try:
        name = dataset_name(image.file_name)
    except ValueError as error:
        raise DatasetError(f"{origin}: file_name: {error}") from error
    return AnnotatedImage(
        image=resolve_reference(image.file_name, path.parent),
        name=name,
        width=image.width,
        height=image.height,
        shapes=tuple(_to_shape(path, annotation, names) for annotation in annotations),
        label=image.label,
        split=image.split,
        source=image.source,
        group=image.group,
        flags=image.flags or {},
        other=image.other_keys(),
        is_absolute=is_absolute_reference(image.file_name),
        origin=origin,
    )


def _to_shape(path: Path, annotation: Any, names: dict[Key, str]) -> Shape:
    place = f"annotation {annotation.get('id')!r}"
    row = checked(_Annotation, annotation, f"{path}: {place}")
    if row.category_id not in names:
        raise DatasetError(f"{path}: {place} has the category_id {row.category_id!r}, but no category has that id")
    box, polygon = _box_of(row), _single_polygon(row.segmentation)
    other = row.other_keys()
    if polygon is None and box is None:
        raise DatasetError(f"{path}: {place} has neither a bbox nor a polygon; add a bbox [left, top, width, height]")
    if polygon is None and row.segmentation not in (None, []):
        other["segmentation"] = row.segmentation  # several parts, or a run-length mask
    if polygon and box and _differ((*box[0], *box[1]), bounds(polygon)):
        other["bbox"] = list(row.bbox or ())
    if row.area is not None and _differ((row.area,), (area(polygon or box or ()),)):
        other["area"] = row.area
    return Shape(
        label=names[row.category_id],
        points=polygon or box or (),
        kind="polygon" if polygon else "box",
        score=row.score,
        description=row.description or "",
        flags=row.flags or {},
        group_id=row.group_id,
        is_difficult=row.difficult,
        is_truncated=row.truncated,
        is_crowd=row.iscrowd,
        other=other,
        place=place,
    )


def _box_of(row: _Annotation) -> tuple[Point, Point] | None:
    if row.bbox is None:
        return None
    x, y, width, height = row.bbox
    return (x, y), (round(x + width, PRECISION_DIGITS), round(y + height, PRECISION_DIGITS))


def _single_polygon(segmentation: Any) -> tuple[Point, ...] | None:
    if not (isinstance(segmentation, list) and len(segmentation) == 1 and isinstance(segmentation[0], list)):
        return None
    values = segmentation[0]
    if len(values) < 6 or len(values) % 2 or not all(type(value) in (int, float) for value in values):
        return None
    return tuple(zip(values[::2], values[1::2], strict=True))


def _differ(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return any(abs(x - y) > _SAME_PX for x, y in zip(a, b, strict=True))


def area(points: tuple[Point, ...]) -> float:
    """Square pixels of a box (two points) or of a polygon (shoelace formula)."""
    if len(points) == 2:
        (x1, y1), (x2, y2) = points
        return (x2 - x1) * (y2 - y1)
    turns = (x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, (*points[1:], points[0]), strict=True))
    return abs(sum(turns)) / 2
