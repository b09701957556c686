"""Uploaded files in a folder."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from hemascope.errors import OutputError
from hemascope.web.operations.deployment_services import examine_files
from hemascope.web.storage import stored_names


def test_file_replaces_the_one_of_its_name() -> None:
    for content in (b"first", b"second"):
        assert default_storage.save("fields/ab/abcd", ContentFile(content)) == "fields/ab/abcd"

    with default_storage.open("fields/ab/abcd") as file:
        assert file.read() == b"second"
    assert list(stored_names()) == ["fields/ab/abcd"]


def test_file_that_cannot_be_written_whole_leaves_the_old_one_and_nothing_beside_it() -> None:
    class FullDisk(ContentFile[bytes]):
        def chunks(self, _chunk_size: int | None = None) -> Any:
            yield b"half"
            raise OSError(28, "No space left on device")

    default_storage.save("fields/ab/abcd", ContentFile(b"old"))
    with pytest.raises(OutputError, match="No space left"):
        default_storage.save("fields/ab/abcd", FullDisk(b"new"))

    with default_storage.open("fields/ab/abcd") as file:
        assert file.read() == b"old"
    assert list(stored_names()) == ["fields/ab/abcd"]


def test_names_of_files_come_in_order_without_the_folder_that_is_left_out() -> None:
    for name in ("derived/ab/x.jpg", "fields/ab/2", "fields/ab/1", "top"):
        default_storage.save(name, ContentFile(b"x"))

    assert list(stored_names(leave_out="derived")) == ["top", "fields/ab/1", "fields/ab/2"]
    assert list(stored_names("fields")) == ["fields/ab/1", "fields/ab/2"]
    assert list(stored_names("nowhere")) == []


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd"])
def test_name_that_leads_out_of_the_folder_is_refused(name: str) -> None:
    with pytest.raises(SuspiciousFileOperation):
        default_storage.save(name, ContentFile(b"x"))


def test_doctor_writes_reads_and_deletes_a_file() -> None:
    finding = examine_files()

    assert (finding.state, list(stored_names())) == ("ok", [])


def test_doctor_tells_of_a_folder_that_cannot_be_written(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "file" / "below"
    (tmp_path / "file").write_text("no folder")

    assert examine_files().state == "broken"
