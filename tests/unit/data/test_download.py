import hashlib
from pathlib import Path

import pytest

from file_server import ServedFile, serve
from hemascope.data.catalogue import RemoteFile
from hemascope.data.download import download
from hemascope.errors import DownloadError

CONTENT = bytes(range(256)) * 4000  # 1 MB, several blocks
SHA256 = hashlib.sha256(CONTENT).hexdigest()

pytestmark = pytest.mark.usefixtures("loopback")


def test_whole_file_arrives_and_nothing_else_stays(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with serve(ServedFile(CONTENT)) as file:
        expected = RemoteFile(file.url, SHA256, len(CONTENT))
        assert download(expected, tmp_path / "a.zip", lambda _what, done, total: seen.append((done, total))) == SHA256
    assert (tmp_path / "a.zip").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_server_that_dies_midway_is_continued_in_the_same_call(tmp_path: Path) -> None:
    with serve(ServedFile(CONTENT, dies_after=300_000, deaths=2)) as file:
        download(RemoteFile(file.url, SHA256), tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == CONTENT
    assert file.requests == [None, "bytes=300000-", "bytes=600000-"]


def test_next_call_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    with serve(ServedFile(CONTENT, dies_after=100_000, deaths=3)) as file:
        with pytest.raises(DownloadError, match=r"broke off 3 times .* 300,000 bytes are kept .* again to go on"):
            download(RemoteFile(file.url, SHA256), tmp_path / "a.zip")
        assert not (tmp_path / "a.zip").exists()
        download(RemoteFile(file.url, SHA256), tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == CONTENT
    assert file.requests[3] == "bytes=300000-"


@pytest.mark.parametrize("changes", [{"ranges": False}, {"etag": None}, {"etag": 'W/"weak"'}])
def test_server_that_cannot_continue_starts_again(tmp_path: Path, changes: dict[str, object]) -> None:
    with serve(ServedFile(CONTENT, dies_after=300_000, deaths=1, **changes)) as file:  # type: ignore[arg-type]
        download(RemoteFile(file.url, SHA256), tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == CONTENT


def test_file_that_was_replaced_meanwhile_is_fetched_from_its_start(tmp_path: Path) -> None:
    with serve(ServedFile(b"old" * 100_000, dies_after=50_000, deaths=3)) as file:
        with pytest.raises(DownloadError):
            download(RemoteFile(file.url), tmp_path / "a.zip")
        file.content, file.etag = CONTENT, '"two"'
        assert download(RemoteFile(file.url), tmp_path / "a.zip") == SHA256


def test_part_that_is_complete_already_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a.zip.part").write_bytes(CONTENT)
    (tmp_path / "a.zip.part.etag").write_text('"one"')
    with serve(ServedFile(CONTENT)) as file:
        assert download(RemoteFile(file.url, SHA256), tmp_path / "a.zip") == SHA256


@pytest.mark.parametrize(
    ("expected", "fault"), [({"sha256": "0" * 64}, "sha256"), ({"size_bytes": 7}, "1,024,000 bytes, expected 7")]
)
def test_other_file_than_promised_is_thrown_away(tmp_path: Path, expected: dict[str, object], fault: str) -> None:
    with serve(ServedFile(CONTENT)) as file, pytest.raises(DownloadError, match=fault):
        download(RemoteFile(file.url, **expected), tmp_path / "a.zip")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_missing_file_names_the_answer(tmp_path: Path) -> None:
    with serve(ServedFile(CONTENT)) as file, pytest.raises(DownloadError, match="404"):
        download(RemoteFile(file.url.replace("file.zip", "gone.zip")), tmp_path / "a.zip")


def test_offline_machine_is_told_what_to_do(tmp_path: Path) -> None:
    with serve(ServedFile(CONTENT)) as file:
        pass  # nobody listens there any more
    with pytest.raises(DownloadError, match=r"offline.*--from FOLDER"):
        download(RemoteFile(file.url), tmp_path / "a.zip")


def test_address_of_a_local_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="no web address"):
        download(RemoteFile("file:///etc/passwd"), tmp_path / "a.zip")
