from dataclasses import replace
from pathlib import Path

import pytest

from hemascope.errors import InputUnreadableError
from hemascope.service.tables import CellRow, FieldRow, RowWriter, read_rows

ROW = CellRow("f", "f.png", 1, 1.5, 2, 30, 40, 0.9, "blast", 0.8, "monocyte", 0.1, True, "unidentified", -3.25, "c.png")


def write(folder: Path, *rows: CellRow) -> list[str]:
    writer = RowWriter(folder, CellRow)
    writer.append(rows)
    writer.close()
    return (folder / "cells.csv").read_text().splitlines()


def test_table_without_rows_has_its_header(tmp_path: Path) -> None:
    (header,) = write(tmp_path)
    assert header.startswith("field,file,cell,x1,y1,x2,y2,detector_score,class,probability,runner_up")
    assert list(read_rows(tmp_path, CellRow)) == []


@pytest.mark.parametrize("file", ["=cmd()", "+1", "-1", "@x", "\tx", "'=x", "a,b", 'a"b', "a\nb", "细胞.png", ""])
def test_hostile_file_name_is_no_formula_and_reads_back_as_it_was(tmp_path: Path, file: str) -> None:
    lines = write(tmp_path, replace(ROW, file=file))
    assert not lines[1].removeprefix("f,").removeprefix('"').startswith(("=", "+", "-", "@", "\t"))
    assert list(read_rows(tmp_path, CellRow)) == [replace(ROW, file=file)]


def test_rows_are_on_disk_before_the_table_is_closed(tmp_path: Path) -> None:
    writer = RowWriter(tmp_path, CellRow)
    writer.append([ROW])
    assert list(read_rows(tmp_path, CellRow)) == [ROW]
    writer.close()


@pytest.mark.parametrize("text", ["", "a,b\n", None, "field,file\nx\n"])
def test_table_of_another_kind_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "fields.csv").write_text(text)
    with pytest.raises(InputUnreadableError, match=r"fields\.csv"):
        list(read_rows(tmp_path, FieldRow))


def test_damaged_row_is_refused(tmp_path: Path) -> None:
    write(tmp_path, ROW)
    path = tmp_path / "cells.csv"
    path.write_text(path.read_text().replace("true", "maybe"))
    with pytest.raises(InputUnreadableError):
        list(read_rows(tmp_path, CellRow))
