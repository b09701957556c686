"""Patients as CSV or XLSX that a spreadsheet shows as text, whatever somebody has entered as a name."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from openpyxl import Workbook

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_GUARD = "'"  # what a spreadsheet itself takes for "this is text"

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def guarded(text: str) -> str:
    """Text that would run as a formula gets an apostrophe in front (OWASP: CSV injection)."""
    return _GUARD + text if _is_formula_like(text) else text


def without_guard(text: str) -> str:
    """The inverse of `guarded`, so that what was exported can be imported."""
    return text[1:] if text.startswith(_GUARD) and _is_formula_like(text) else text


def _is_formula_like(text: str) -> bool:
    return text.lstrip(_GUARD).startswith(_STARTS_A_FORMULA)


def csv_chunks(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """UTF-8 with a mark, without which Excel shows Chinese as noise."""
    yield b"\xef\xbb\xbf"
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def xlsx_bytes(rows: Iterable[Sequence[str]]) -> bytes:
    """About 100 bytes a patient."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("patients")
    for row in rows:
        sheet.append([guarded(cell) for cell in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
