"""CSV tables with a header: one row a box, or one row an image for classification.

Columns may come in any order; those that are not known are passed over.
"""

import csv
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Final

from hemascope.data.annotations.document import clean_label
from hemascope.data.annotations.grouping import RowsByImage
from hemascope.data.annotations.record import AnnotatedImage, Shape
from hemascope.data.annotations.reference import dataset_name, is_absolute_reference, resolve_reference
from hemascope.data.annotations.target import Target, image_place
from hemascope.errors import DatasetError

BOX_COLUMNS: Final = (
    "image", "width", "height", "label", "x1", "y1", "x2", "y2", "score", "difficult", "truncated", "crowd",
    "group_id", "description", "split", "source", "group",
)  # fmt: skip
IMAGE_COLUMNS: Final = ("image", "label", "split", "source", "group")
_SYNONYMS: Final[Mapping[str, str]] = {
    "file": "image", "filename": "image", "file_name": "image", "image_path": "image", "path": "image",
    "class": "label", "class_name": "label", "category": "label",
    "xmin": "x1", "ymin": "y1", "xmax": "x2", "ymax": "y2", "confidence": "score",
}  # fmt: skip
_CORNERS = ("x1", "y1", "x2", "y2")


def table_columns(path: Path) -> tuple[str, ...]:
    """The columns of the header under the names of `BOX_COLUMNS`; unknown ones as they are. Raises DatasetError."""
    for _, row in _rows(path, ()):
        return tuple(row)
    raise DatasetError(f"{path} has no row below its header")


def read_box_table(path: Path) -> Generator[AnnotatedImage, None, None]:
    """Images in the order of their first row; rows of one image need not stand together.

    A row without label and corners stands for an image without boxes. Raises DatasetError naming line and column.
    """
    with RowsByImage() as rows:
        last = None
        for line, row in _rows(path, ("image", "label", *_CORNERS)):
            if row["image"] != last:
                rows.add_image(row["image"], [line, row])
            last = row["image"]
            if any(row[key] for key in ("label", *_CORNERS)):
                rows.add_shape(row["image"], None, [line, row])
        rows.finish()
        for (line, row), boxes in rows.images():
            shapes = tuple(_to_shape(path, number, box) for number, box in boxes)
            yield _to_record(path, line, row, shapes, None)


def read_image_table(path: Path) -> Generator[AnnotatedImage, None, None]:
    """One image a row; an empty label is an image without a class. Raises DatasetError naming line and column."""
    seen: set[str] = set()
    for line, row in _rows(path, ("image", "label")):
        if row["image"] in seen:
            raise DatasetError(f"{path}, line {line}: image {row['image']!r} comes twice; an image has one class")
        seen.add(row["image"])
        yield _to_record(path, line, row, (), _label(path, line, row) if row["label"].strip() else None)


class BoxTableWriter:
    """A row a box; an image without boxes has one row with its name and size only."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._file = (target.folder / target.document).open("x", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(BOX_COLUMNS)

    def add(self, record: AnnotatedImage) -> None:
        record = self._target.place(record, image_place(record.name))
        image = (self._target.reference(record), _text(record.width), _text(record.height))
        grouping = (record.split or "", record.source or "", record.group or "")
        for shape in record.shapes:
            marks = (str(int(mark)) for mark in (shape.is_difficult, shape.is_truncated, shape.is_crowd))
            box = (shape.label, *map(_text, shape.box_xyxy), _text(shape.score), *marks)
            self._rows.writerow((*image, *box, _text(shape.group_id), shape.description, *grouping))
        if not record.shapes:
            self._rows.writerow((*image, *[""] * (len(BOX_COLUMNS) - 6), *grouping))

    def close(self) -> None:
        self._file.close()


class ImageTableWriter:
    """A row an image."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._file = (target.folder / target.document).open("x", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(IMAGE_COLUMNS)

    def add(self, record: AnnotatedImage) -> None:
        record = self._target.place(record, image_place(record.name))
        values = (record.label, record.split, record.source, record.group)
        self._rows.writerow((self._target.reference(record), *(value or "" for value in values)))

    def close(self) -> None:
        self._file.close()


def _rows(path: Path, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number in the file and values under the names of `BOX_COLUMNS`; missing cells are empty."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [_column(name) for name in next(reader, [])]
            missing = [column for column in required if column not in header]
            if missing or len(set(header)) < len(header):
                fault = f"lacks the column(s) {', '.join(missing)}" if missing else "has a column twice"
                raise DatasetError(f"{path} {fault}; its header is: {', '.join(header)[:200] or 'empty'}")
            for values in reader:
                if not any(values):
                    continue
                if len(values) > len(header):
                    raise DatasetError(
                        f"{path}, line {reader.line_num}: {len(values)} values, but {len(header)} columns"
                    )
                row = dict.fromkeys(header, "") | dict(zip(header, values, strict=False))
                if "image" in required and not row["image"].strip():
                    raise DatasetError(f"{path}, line {reader.line_num}: the image is not named")
                yield reader.line_num, row
    except FileNotFoundError as error:
        raise DatasetError(f"{path} does not exist; check the path") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: no CSV table in UTF-8 ({error}); save it as 'CSV UTF-8'") from error


def _column(name: str) -> str:
    name = name.strip().casefold()
    return _SYNONYMS.get(name, name)


def _to_record(
    path: Path, line: int, row: Mapping[str, str], shapes: tuple[Shape, ...], label: str | None
) -> AnnotatedImage:
    origin = f"{path}, line {line}"
    try:
        name = dataset_name(row["image"])
    except ValueError as error:
        raise DatasetError(f"{origin}: {error}") from error
    return AnnotatedImage(
        image=resolve_reference(row["image"], path.parent),
        name=name,
        width=_whole(path, line, row, "width"),
        height=_whole(path, line, row, "height"),
        shapes=shapes,
        label=label,
        split=row.get("split") or None,
        source=row.get("source") or None,
        group=row.get("group") or None,
        is_absolute=is_absolute_reference(row["image"]),
        origin=origin,
    )


def _to_shape(path: Path, line: int, row: Mapping[str, str]) -> Shape:
    x1, y1, x2, y2 = (_number(path, line, row, key) for key in _CORNERS)
    score = row.get("score")
    return Shape(
        label=_label(path, line, row),
        points=((x1, y1), (x2, y2)),
        score=_number(path, line, row, "score") if score else None,
        description=row.get("description", ""),
        group_id=_whole(path, line, row, "group_id"),
        is_difficult=_mark(path, line, row, "difficult"),
        is_truncated=_mark(path, line, row, "truncated"),
        is_crowd=_mark(path, line, row, "crowd"),
        place=f"line {line}",
    )


def _label(path: Path, line: int, row: Mapping[str, str]) -> str:
    try:
        return clean_label(row["label"])
    except ValueError as error:
        raise DatasetError(f"{path}, line {line}: {error}") from error


def _number(path: Path, line: int, row: Mapping[str, str], column: str) -> float:
    try:
        return float(row[column])
    except ValueError as error:
        raise DatasetError(f"{path}, line {line}: {column} is {row[column][:40]!r}; expected a number") from error


def _whole(path: Path, line: int, row: Mapping[str, str], column: str) -> int | None:
    text = row.get(column, "")
    try:
        return int(text) if text else None
    except ValueError as error:
        raise DatasetError(f"{path}, line {line}: {column} is {text[:40]!r}; expected a whole number") from error


def _mark(path: Path, line: int, row: Mapping[str, str], column: str) -> bool:
    text = row.get(column, "").casefold()
    if text not in ("", "0", "1", "false", "true"):
        raise DatasetError(f"{path}, line {line}: {column} is {text[:40]!r}; expected 0 or 1")
    return text in ("1", "true")


def _text(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if float(value).is_integer() else repr(float(value))
