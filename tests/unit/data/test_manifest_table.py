from pathlib import Path

import pytest

from dataset_builders import write_table
from hemascope.data.readers.manifest_table import read_manifest_table, rows_of_split
from hemascope.errors import DatasetError

COLUMNS = ("file", "split")


def test_rows_come_in_the_order_of_the_file_and_keep_further_columns(tmp_path: Path) -> None:
    write_table(tmp_path, (*COLUMNS, "note"), [("b.png", "val", ""), ("a.png", "train", "x")])
    assert read_manifest_table(tmp_path, COLUMNS) == [
        {"file": "b.png", "split": "val", "note": ""},
        {"file": "a.png", "split": "train", "note": "x"},
    ]


def test_byte_order_mark_of_a_spreadsheet_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("file,split\na.png,val\n", encoding="utf-8-sig")
    assert read_manifest_table(tmp_path, COLUMNS) == [{"file": "a.png", "split": "val"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "lists no image"),
        (b"file,split\n", "lists no image"),
        (b"file,part\na.png,val\n", r"lacks the column\(s\) split; found file, part"),
        (b"file,split\na.png\n", "image 1 has no split"),
        (b"file,split\na.png,val\n,val\n", "image 2 has no file"),
        (b"\xff\xfe\x00", "cannot be read as a CSV table"),
    ],
    ids=["empty file", "header only", "missing column", "short row", "empty value", "no text"],
)
def test_manifest_is_refused_when_it_is_not_a_whole_table(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "manifest.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        read_manifest_table(tmp_path, COLUMNS)


def test_missing_manifest_names_the_folder_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has no manifest\.csv; give the dataset's own folder"):
        read_manifest_table(tmp_path, COLUMNS)


def test_unknown_split_names_those_that_exist(tmp_path: Path) -> None:
    rows = [{"file": "a", "split": "val"}, {"file": "b", "split": "train"}]
    assert rows_of_split(rows, "val", tmp_path) == rows[:1]
    with pytest.raises(DatasetError, match="no split 'test'; its splits: train, val"):
        rows_of_split(rows, "test", tmp_path)
