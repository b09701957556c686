from pathlib import Path

import pytest

from hemascope.errors import OutputError, output_errors
from hemascope.service.output_folder import prepare_output_folder, write_whole

MARK = '{"schema": "hemascope.summary/1"}'


def test_missing_folder_is_made(tmp_path: Path) -> None:
    prepare_output_folder(tmp_path / "a" / "b", overwrite=False)
    assert {path.name for path in (tmp_path / "a" / "b").iterdir()} == {"crops", "fields", "labelme"}


def test_earlier_analysis_is_replaced(tmp_path: Path) -> None:
    prepare_output_folder(tmp_path, overwrite=False)
    write_whole(tmp_path / "summary.json", MARK)
    for name in ("crops/old.png", "report.html", "coco.json"):
        write_whole(tmp_path / name, b"x")
    prepare_output_folder(tmp_path, overwrite=False)
    assert list((tmp_path / "crops").iterdir()) == []
    assert not (tmp_path / "report.html").exists()
    assert not (tmp_path / "coco.json").exists()


@pytest.mark.parametrize("summary", [None, "{}", "[]", "no json", '{"schema": "hemascope.summary/0"}'])
def test_folder_that_holds_something_else_is_refused(tmp_path: Path, summary: str | None) -> None:
    write_whole(tmp_path / "thesis.doc", b"x")
    if summary is not None:
        write_whole(tmp_path / "summary.json", summary)
    with pytest.raises(OutputError, match="--force"):
        prepare_output_folder(tmp_path, overwrite=False)


def test_force_deletes_nothing(tmp_path: Path) -> None:
    (tmp_path / "crops").mkdir()
    write_whole(tmp_path / "crops" / "mine.png", b"x")
    prepare_output_folder(tmp_path, overwrite=True)
    assert (tmp_path / "crops" / "mine.png").read_bytes() == b"x"


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    write_whole(tmp_path / "out", b"x")
    with pytest.raises(OutputError, match="is a file"):
        prepare_output_folder(tmp_path / "out", overwrite=True)


def test_folder_below_a_file_is_an_output_error(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", b"x")
    with pytest.raises(OutputError, match="cannot write"):
        prepare_output_folder(tmp_path / "file" / "out", overwrite=False)


def test_read_only_place_is_an_output_error() -> None:
    with pytest.raises(OutputError, match="cannot write to '/proc/out'"):
        prepare_output_folder(Path("/proc/out"), overwrite=False)


def test_failed_write_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.txt", "old")
    (tmp_path / "a.txt.part").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left"), output_errors(tmp_path):
        write_whole(tmp_path / "a.txt", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"
