"""The images of a dataset as the commands of `hemascope data` take them: annotations, and the columns of its table."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hemascope.data.annotations import AnnotatedImage, guess_format, read_annotations
from hemascope.errors import DatasetError

TABLE_FILE = "manifest.csv"
_FILE_COLUMNS = ("file", "image", "path", "filename", "file_name", "image_path")


@dataclass(frozen=True, slots=True)
class ListedImage:
    """A record and the row of the table that names it; `columns` is empty where there is no table."""

    record: AnnotatedImage
    columns: dict[str, str] = field(default_factory=dict)

    def labels(self) -> tuple[str, ...]:
        """The class of the image and those of its shapes."""
        own = () if self.record.label is None else (self.record.label,)
        return (*own, *(shape.label for shape in self.record.shapes))

    def value(self, name: str) -> str | None:
        """What the column, or else the record's own `split`, `source` or `group`, says; None for nothing."""
        own = getattr(self.record, name) if name in ("split", "source", "group") else None
        return self.columns.get(name) or own or None


def list_images(path: Path, fmt: str | None = None, classes: Sequence[str] = ()) -> list[ListedImage]:
    """Records of any format; those of a folder with a `manifest.csv` get its columns, which win over the annotations.

    Boxes are not checked. Raises DatasetError, also where the table names none of the images.
    """
    records = list(read_annotations(path, fmt or guess_format(path), classes=classes, check=False))
    table = path / TABLE_FILE if path.is_dir() else path
    rows = _rows(table) if table.suffix == ".csv" and table.is_file() else {}
    listed = [
        ListedImage(_with_columns(record, rows.get(record.image)), rows.get(record.image, {})) for record in records
    ]
    if rows and not any(one.columns for one in listed):
        raise DatasetError(f"{table} names none of the images of {path}; expected paths relative to the table")
    return listed


def _rows(table: Path) -> dict[Path, dict[str, str]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{table} cannot be read as a CSV table: {error}") from error
    column = next((name for name in _FILE_COLUMNS if rows and name in rows[0]), None)
    return {} if column is None else {table.parent / row[column]: row for row in rows if row[column]}


def _with_columns(record: AnnotatedImage, row: dict[str, str] | None) -> AnnotatedImage:
    if row is None:
        return record
    return replace(
        record,
        split=row.get("split") or record.split,
        source=row.get("source") or record.source,
        group=row.get("group") or record.group,
    )


def group_values(listed: Sequence[ListedImage], by: str) -> tuple[str, ...]:
    """The group of every image: a column, or the part of the image's name that a pattern with brackets captures.

    Raises DatasetError for an unknown column, a broken pattern, or an image without a value.
    """
    if "(" in by:
        try:
            pattern = re.compile(by)
        except re.error as error:
            raise DatasetError(f"'{by}' is no regular expression: {error}") from error
        if pattern.groups == 0:
            raise DatasetError(f"'{by}' captures nothing; put brackets around the part that names the group")
        found = [pattern.search(one.record.name) for one in listed]
        values = [match.group(1) if match else None for match in found]
    else:
        values = [one.value(by) for one in listed]
        if listed and not any(values):
            known = sorted({name for one in listed for name in one.columns} | {"source", "group"})
            raise DatasetError(f"no image has '{by}'; columns here: {', '.join(known)}, or a pattern like '([^_]+)_'")
    lost = next((one for one, value in zip(listed, values, strict=True) if not value), None)
    if lost is not None:
        raise DatasetError(f"{lost.record.name} has no '{by}'; every image needs a group")
    return tuple(value for value in values if value)
