"""An uploaded CSV or XLSX as rows of text. The content decides what it is; every size is bounded before it is read."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from hemascope.errors import SheetError, SheetTooLargeError
from hemascope.web.patients.sheets.writing import without_guard

MOST_COLUMNS = 50
_MOST_PARTS = 500  # files inside an XLSX
_INFLATED_TIMES = 8  # of the byte limit: what an XLSX may unpack to
_EMPTY_TIMES = 4  # of the row limit: how many rows are looked at for some with content
_EXACT_INTEGERS = 10**15  # a spreadsheet keeps 15 digits of a number
# What openpyxl, zipfile and the XML parser (ParseError is a SyntaxError) let through from a damaged or forged file.
_DAMAGE = (
    InvalidFileException, zipfile.BadZipFile, zlib.error, EOFError, SyntaxError, OSError,
    ValueError, TypeError, AttributeError, LookupError, ArithmeticError, NotImplementedError, RuntimeError,
)  # fmt: skip

Row = tuple[int, list[str]]  # its number as a spreadsheet shows it, and its cells


@dataclass(frozen=True, slots=True)
class Sheet:
    header: list[str]
    rows: list[Row]  # without empty ones


def read_sheet(content: bytes) -> Sheet:
    """Raises SheetTooLargeError, or SheetError for what is no table."""
    if len(content) > settings.PATIENT_IMPORT_MAX_BYTES:
        raise SheetTooLargeError(
            _("the file has more than %(limit)s bytes, the most that are read; split it")
            % {"limit": settings.PATIENT_IMPORT_MAX_BYTES}
        )
    rows = _xlsx_rows(content) if content.startswith(b"PK\x03\x04") else _csv_rows(content)
    numbered = list(_with_content(rows))
    if not numbered:
        raise SheetError(_("the file is empty; expected a row of column names and one row a patient"))
    (_number, header), *patients = numbered
    return Sheet(header, patients)


def _with_content(rows: Iterable[list[str]]) -> Iterator[Row]:
    """Raises SheetTooLargeError as soon as there are too many, so that the rest is never looked at."""
    most, found = settings.PATIENT_IMPORT_MAX_ROWS, 0
    for number, cells in enumerate(rows, start=1):
        found += any(cells)
        if found > most + 1 or number > most * _EMPTY_TIMES:
            raise SheetTooLargeError(
                _("the file has more than %(limit)s rows below its first, or too many empty ones; split it")
                % {"limit": most}
            )
        if any(cells):
            yield number, cells


def _csv_rows(content: bytes) -> Iterator[list[str]]:
    lines = io.StringIO(_decoded(content), newline="")
    first = lines.readline()
    lines.seek(0)
    delimiter = max(",;\t", key=first.count)
    try:
        yield from _texts(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise SheetError(
            _("the file is no CSV: %(why)s; save it again as 'CSV UTF-8' or XLSX") % {"why": error}
        ) from error


def _decoded(content: bytes) -> str:
    """UTF-8 with or without a mark, else GB 18030, which Chinese editions of Excel write and which includes GBK."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise SheetError(_("the file is neither XLSX nor text in UTF-8 or GB 18030; save it again as 'CSV UTF-8' or XLSX"))


def _xlsx_rows(content: bytes) -> Iterator[list[str]]:
    """Of the first sheet; formulas count as the value they had when it was saved."""
    _check_unpacked_size(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        if not book.worksheets:
            raise SheetError(_("the XLSX has no sheet with cells; put the patients on its first one"))
        yield from _texts(book.worksheets[0].iter_rows(max_col=MOST_COLUMNS + 1, values_only=True))
    except _DAMAGE as error:
        raise SheetError(_("the XLSX is damaged or no spreadsheet; save it again, or as 'CSV UTF-8'")) from error


def _check_unpacked_size(content: bytes) -> None:
    """Against bombs: zipfile never unpacks more of a part than the directory that is read here says."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except zipfile.BadZipFile as error:
        raise SheetError(_("the XLSX is damaged; save it again, or as 'CSV UTF-8'")) from error
    unpacked = sum(part.file_size for part in parts)
    most = settings.PATIENT_IMPORT_MAX_BYTES * _INFLATED_TIMES
    if len(parts) > _MOST_PARTS or unpacked > most:
        raise SheetTooLargeError(
            _(
                "the XLSX unpacks to %(bytes)s bytes in %(parts)s parts, at most %(most_bytes)s in %(most_parts)s "
                "are read"
            )
            % {"bytes": unpacked, "parts": len(parts), "most_bytes": most, "most_parts": _MOST_PARTS}
        )


def _texts(rows: Iterable[Sequence[object]]) -> Iterator[list[str]]:
    for row in rows:
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:  # a formatted column without content
            cells.pop()
        if len(cells) > MOST_COLUMNS:
            raise SheetTooLargeError(
                _("a row has more than %(limit)s columns, the most that are read") % {"limit": MOST_COLUMNS}
            )
        yield cells


def _text(cell: object) -> str:
    match cell:
        case None:
            return ""
        case datetime() | date():
            return cell.strftime("%Y-%m-%d")
        case int() | float() if abs(cell) >= _EXACT_INTEGERS:
            return f"{cell:.15g}"  # 1.1E+17: shows that digits were lost instead of making some up
        case float() if cell.is_integer():
            return str(int(cell))
    return without_guard(str(cell).strip())
