from pathlib import Path

import pytest

from hemascope.service.append_file import AppendFile


class HalfFullFile:
    """Takes three bytes, then has no space left."""

    def __init__(self, file: AppendFile) -> None:
        self._raw = file._file
        self._space = 3

    def write(self, data: memoryview) -> int:
        if self._space == 0:
            raise OSError(28, "No space left on device")
        written = self._raw.write(data[: self._space])
        self._space -= written
        return written

    def __getattr__(self, name: str) -> object:
        return getattr(self._raw, name)


def test_pieces_are_in_the_file_before_it_is_closed(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "a")
    file.append("one\n")
    file.append("")
    file.append("细胞\n")
    assert (tmp_path / "a").read_text() == "one\n细胞\n"
    file.close()


def test_piece_that_does_not_fit_is_taken_back(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "a")
    file.append("one\n")
    whole, file._file = file._file, HalfFullFile(file)  # type: ignore[assignment]
    with pytest.raises(OSError, match="No space left"):
        file.append("second\n")
    file._file = whole
    file.append("third\n")
    file.close()
    assert (tmp_path / "a").read_text() == "one\nthird\n"
