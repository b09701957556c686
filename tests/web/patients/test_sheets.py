"""Files from spreadsheets, good ones and bad ones."""

import contextlib
import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from hemascope.errors import SheetError, SheetTooLargeError
from hemascope.web.patients.sheets.columns import NAMES_OF, fields_of
from hemascope.web.patients.sheets.reading import read_sheet
from hemascope.web.patients.sheets.writing import csv_chunks, guarded, without_guard, xlsx_bytes

CHINESE = "住院号,姓名\nH1,王小明\n"
EXPECTED = [(2, ["H1", "王小明"])]


def xlsx(*rows: list[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        CHINESE.encode(),
        CHINESE.encode("utf-8-sig"),
        CHINESE.encode("gbk"),
        CHINESE.encode("gb18030"),
        CHINESE.replace(",", ";").encode(),
        CHINESE.replace(",", "\t").encode(),
        CHINESE.replace("\n", "\r\n").encode(),
        CHINESE.replace("H1", " H1 ").encode(),
        '住院号,姓名\n"H1","王小明"'.encode(),
        xlsx(["住院号", "姓名"], ["H1", "王小明"]),
    ],
)
def test_table_is_read_in_every_form_that_spreadsheets_save(content: bytes) -> None:
    sheet = read_sheet(content)

    assert (sheet.header, sheet.rows) == (["住院号", "姓名"], EXPECTED)


def test_rows_after_many_empty_ones_are_not_lost() -> None:
    assert read_sheet(b"name\n" + b"\n" * 6000 + b"Lin").rows == [(6002, ["Lin"])]


def test_empty_rows_are_left_out_and_the_others_keep_their_numbers() -> None:
    content = xlsx(["住院号"], [None], ["H1"], [" "], ["H2"])

    assert read_sheet(content).rows == [(3, ["H1"]), (5, ["H2"])]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (12, "12"),
        (12.0, "12"),
        (1.5, "1.5"),
        (True, "True"),
        (datetime(1990, 3, 7, 12), "1990-03-07"),
        (date(1990, 3, 7), "1990-03-07"),
        (110101199003077777, "1.10101199003078e+17"),  # a spreadsheet has lost its last digits
        ("'=1+1", "=1+1"),
        ("'quoted'", "'quoted'"),
    ],
)
def test_cell_becomes_the_text_that_a_person_sees(cell: object, text: str) -> None:
    assert read_sheet(xlsx(["head"], [cell, "x"])).rows == [(2, [text, "x"])]


def _bomb() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 45_000_000)
    return content.getvalue()


def _replaced(part: str, text: str) -> bytes:
    """A good XLSX with one part forged."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(["name"]))) as good, zipfile.ZipFile(content, "w") as archive:
        for name in good.namelist():
            archive.writestr(name, text if name == part else good.read(name))
    return content.getvalue()


_ENTITIES = '<!DOCTYPE a [<!ENTITY b "c">]><worksheet><sheetData><row><c><v>&b;</v></c></row></sheetData></worksheet>'


_FAR_DOWN = """<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1" t="str"><v>name</v></c></row><row r="1000000"><c r="A1000000" t="str"><v>Lin</v></c></row>
</sheetData></worksheet>"""


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: b"", SheetError),
        (lambda: b"\n\n,,\n", SheetError),
        (lambda: b"\x89PNG\r\n\x1a\n\0\0", SheetError),
        (lambda: b"a\0b", SheetError),
        (lambda: b'name\n"never closed', SheetError),
        (lambda: b"PK\x03\x04 and no more", SheetError),
        (lambda: xlsx(["name"])[:-30], SheetError),
        (lambda: _replaced("xl/worksheets/sheet1.xml", "no xml"), SheetError),
        (lambda: _replaced("xl/worksheets/sheet1.xml", _ENTITIES), SheetError),
        (lambda: _replaced("xl/workbook.xml", "<workbook/>"), SheetError),
        (lambda: _replaced("[Content_Types].xml", "<Types/>"), SheetError),
        (lambda: b"PK\x03\x04" + b" " * (5 * 1024 * 1024), SheetTooLargeError),
        (lambda: b"name\n" + b"Lin\n" * 5001, SheetTooLargeError),
        (lambda: b"name\n" + b"\n" * 20_000 + b"Lin", SheetTooLargeError),
        (lambda: _replaced("xl/worksheets/sheet1.xml", _FAR_DOWN), SheetTooLargeError),
        (lambda: b"a," * 50 + b"a\n", SheetTooLargeError),
        (_bomb, SheetTooLargeError),
    ],
)
def test_file_that_is_no_table_or_too_large_is_refused(make: Callable[[], bytes], error: type[SheetError]) -> None:
    with pytest.raises(error):
        read_sheet(make())


GOOD_XLSX = xlsx(["住院号", "姓名"], ["H1", "王小明"])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, len(GOOD_XLSX) - 1), st.binary(min_size=1, max_size=40))
def test_damaged_spreadsheet_is_read_or_refused_and_nothing_else(place: int, noise: bytes) -> None:
    damaged = GOOD_XLSX[:place] + noise + GOOD_XLSX[place + len(noise) :]
    with contextlib.suppress(SheetError):
        read_sheet(damaged)


@pytest.mark.parametrize("text", ["=1+1", "+86 138", "-1", "@sum", "\tx", "\rx", "'=x", "Lin", "", "'"])
def test_no_cell_that_is_written_runs_as_a_formula_and_all_come_back(text: str) -> None:
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert without_guard(guarded(text)) == text


ROWS = [["hospital_number", "name"], ["H1", "=HYPERLINK(1)"], ["H2", '王, "小" 明']]


def test_written_csv_opens_as_chinese_and_is_read_back() -> None:
    content = b"".join(csv_chunks(ROWS))

    assert content.startswith(b"\xef\xbb\xbf")
    assert [cells for _, cells in read_sheet(content).rows] == ROWS[1:]


def test_written_xlsx_holds_no_formula_and_is_read_back() -> None:
    content = xlsx_bytes(ROWS)

    sheet = load_workbook(io.BytesIO(content)).active
    assert {cell.data_type for row in sheet for cell in row} == {"s"}
    assert [cells for _, cells in read_sheet(content).rows] == ROWS[1:]


@pytest.mark.parametrize("language", [0, -1])
def test_columns_are_known_by_their_names_in_both_languages(language: int) -> None:
    header = [names[language] for names in NAMES_OF.values()]

    assert fields_of(header) == list(NAMES_OF)


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (["Hospital_Number", " NAME "], ["hospital_number", "name"]),
        (["name", "ward", "hospital number"], ["name", None, "hospital_number"]),
    ],
)
def test_columns_may_be_in_any_order_with_others_between(header: list[str], fields: list[str | None]) -> None:
    assert fields_of(header) == fields


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (["name"], "no column is named 'hospital_number'"),
        (["hospital_number"], "no column is named 'name'"),
        (["name", "姓名", "住院号"], "two columns hold the name"),
    ],
)
def test_header_without_what_is_needed_is_refused(header: list[str], message: str) -> None:
    with pytest.raises(SheetError, match=message):
        fields_of(header)
