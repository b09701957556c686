"""Reading a table of counts, or of one label a cell, from CSV text."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from hemascope.errors import CountsError
from hemascope.hematology.differential import checked_count

_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class CountTable:
    """`counts` by class id; `summed` names the classes that had more than one row in a `class,count` table."""

    counts: dict[str, int]
    summed: tuple[str, ...]
    is_from_model: bool = False  # `cells.csv` of an analysis: nobody has reviewed these cells


def parse_counts(text: str) -> CountTable:
    """Counts from CSV text with a header line; other columns are ignored, as are blank rows.

    With the columns `class` and `count` each row adds its count to its class. Without `count` each row is one cell,
    of the class in `counted_as` where that column exists (`cells.csv` of an analysis; it may say unidentified).
    Comma, semicolon or tab separate the columns, whichever the header uses. A leading byte-order mark, letter case
    and spaces around names do not matter. Raises CountsError that names the line.
    """
    lines = _lines(text.removeprefix("\ufeff"))
    number, header = next(lines, (1, []))
    if not header:
        raise CountsError("the counts table is empty; expected a header line 'class,count' and one row a class")
    names = [name.casefold() for name in header]
    if names.count("class") != 1 or names.count("count") > 1:
        found = ", ".join(header)[:200]
        raise CountsError(f"line {number}: the columns are '{found}'; expected one 'class' and at most one 'count'")
    is_labels = "count" not in names
    is_from_model = is_labels and "counted_as" in names
    class_at = names.index("counted_as" if is_from_model else "class")
    counts: Counter[str] = Counter()
    rows_of: Counter[str] = Counter()
    for number, fields in lines:
        try:
            values = _as_many(fields, len(names))
            class_id = values[class_at].casefold()
            counts[class_id] += checked_count(class_id, 1 if is_labels else _number(values[names.index("count")]))
        except CountsError as error:
            raise CountsError(f"line {number}: {error}") from None
        rows_of[class_id] += 1
    summed = () if is_labels else tuple(class_id for class_id, rows in rows_of.items() if rows > 1)
    return CountTable(dict(counts), summed, is_from_model)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and stripped fields of each row that is not blank."""
    first_line = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            fields = [field.strip() for field in row]
            if any(fields):
                yield reader.line_num, fields
    except csv.Error as error:
        raise CountsError(f"line {reader.line_num}: {error}; expected CSV text") from error


def _as_many(fields: list[str], columns: int) -> list[str]:
    """`fields` filled up or cut to `columns`; a value too many is an error (1,200 for 1200, say)."""
    if any(fields[columns:]):
        raise CountsError(f"{len(fields)} values for {columns} columns; write numbers without separators")
    return (fields + [""] * columns)[:columns]


def _number(text: str) -> int | str:
    """The number, or the text as it is for the error of `checked_count` to show."""
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else text
