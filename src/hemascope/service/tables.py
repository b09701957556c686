"""`cells.csv` and `fields.csv`: one frozen row type each, written as fields finish, read back by the report."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import TypeAdapter

from hemascope.errors import InputUnreadableError
from hemascope.service.append_file import AppendFile

# A spreadsheet runs a cell that begins with one of these as a formula (OWASP, "CSV injection").
# Such text gets an apostrophe in front; so does text that has one already, to be read back as it was.
_GUARDED_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True, slots=True)
class CellRow:
    """One nucleated cell; `class_` is always the model's best class, `counted_as` what the differential counts."""

    TABLE: ClassVar[str] = "cells.csv"

    field: str  # stem of the field's outputs, key into fields.csv
    file: str  # the image, as the caller named it
    cell: int  # 1, 2, ... in the field
    x1: float  # box in pixels of the image
    y1: float
    x2: float
    y2: float
    detector_score: float  # 0..1
    class_: str  # taxonomy id
    probability: float  # calibrated, 0..1
    runner_up: str
    runner_up_probability: float
    unidentified: bool
    counted_as: str  # `class_`, or "unidentified"
    ood_score: float  # log-sum-exp of the logits: lower is stranger to the model
    crop: str  # path in the output folder


@dataclass(frozen=True, slots=True)
class FieldRow:
    TABLE: ClassVar[str] = "fields.csv"

    field: str
    file: str
    width: int
    height: int
    nucleated_cells: int
    red_cells: int
    platelets: int
    unidentified: int  # of the nucleated cells
    focus: float
    brightness: float
    contrast: float
    warnings: str  # codes, separated by spaces
    seconds: float


Row = CellRow | FieldRow
RowT = TypeVar("RowT", CellRow, FieldRow)


def column_names(row_type: type[Row]) -> tuple[str, ...]:
    return tuple(field.name.rstrip("_") for field in fields(row_type))


class RowWriter:
    """Appends rows to a new CSV file; what a call was given is in the file when it returns."""

    def __init__(self, folder: Path, row_type: type[Row]) -> None:
        self._file = AppendFile(folder / row_type.TABLE)
        self._file.append(_csv_text([column_names(row_type)]))

    def append(self, rows: Sequence[Row]) -> None:
        """Raises OSError where the disk is full; the file then ends with the rows of the last good call."""
        self._file.append(_csv_text([[_to_text(value) for value in astuple(row)] for row in rows]))

    def close(self) -> None:
        self._file.close()


def _csv_text(lines: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def read_rows(folder: Path, row_type: type[RowT]) -> Iterator[RowT]:
    """The rows of an earlier analysis, one at a time. Raises InputUnreadableError where the table is not as written."""
    path = folder / row_type.TABLE
    adapter = TypeAdapter(row_type)
    names = [field.name for field in fields(row_type)]
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            if tuple(next(reader, ())) != column_names(row_type):
                raise ValueError(f"its first line must be {','.join(column_names(row_type))}")
            for line in reader:
                yield adapter.validate_strings(dict(zip(names, map(_unguard, line), strict=True)))
    except (OSError, ValueError, csv.Error) as error:
        raise InputUnreadableError(f"'{path}' cannot be read as a table of an analysis: {error}") from error


def _to_text(value: str | float | bool) -> str:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_GUARDED_STARTS) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _unguard(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_GUARDED_STARTS) else text
