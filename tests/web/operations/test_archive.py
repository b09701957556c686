"""Archives that somebody altered: nothing is written outside of the folder, and nothing is believed."""

import io
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hemascope.errors import BackupError, InputNotFoundError
from hemascope.web.operations.archive import ArchivedFile, ArchiveWriter, BackupManifest, extract, open_archive

CONTENT = b"the database"
FIELD = "files/fields/ab/abcd"


def archive(path: Path, alter: Callable[[tarfile.TarFile], None] = lambda _tar: None, **changes: object) -> Path:
    source = path.with_suffix(".source")
    source.write_bytes(CONTENT)
    with tarfile.open(path, "w") as tar:
        writer = ArchiveWriter(tar, datetime.now(UTC))
        for name in ("database.sqlite3", FIELD):
            writer.add(name, source)
        alter(tar)
        manifest = BackupManifest(
            hemascope="1", made_at=datetime.now(UTC), database="sqlite", migrations=(), identity_keys=(),
            identity_index_key="", files=writer.files,
        )  # fmt: skip
        writer.finish(manifest.model_copy(update=changes))
    return path


def unpack(path: Path, folder: Path) -> None:
    with open_archive(path) as (tar, manifest):
        extract(tar, manifest, folder)


def add_member(name: str, *, kind: bytes = tarfile.REGTYPE, target: str = "") -> Callable[[tarfile.TarFile], None]:
    def add(tar: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        tar.addfile(info, io.BytesIO())

    return add


def test_archive_gives_back_what_was_added(tmp_path: Path) -> None:
    unpack(archive(tmp_path / "a.tar"), tmp_path / "out")

    assert (tmp_path / "out" / FIELD).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "alter",
    [
        add_member("../outside"),
        add_member("/tmp/outside"),
        add_member("files/extra"),
        add_member(FIELD),
        add_member("files/link", kind=tarfile.SYMTYPE, target="/etc/passwd"),
        add_member("database.sqlite3", kind=tarfile.LNKTYPE, target="/etc/passwd"),
    ],
    ids=["up", "absolute", "not in the manifest", "twice", "symbolic link", "hard link"],
)
def test_member_that_the_manifest_does_not_have_is_refused(
    tmp_path: Path, alter: Callable[[tarfile.TarFile], None]
) -> None:
    with pytest.raises(BackupError, match="not what its manifest says"):
        unpack(archive(tmp_path / "a.tar", alter), tmp_path / "out")

    assert {path.name for path in tmp_path.iterdir()} == {"a.tar", "a.source", "out"}


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc/passwd",
        "files/../../outside",
        "files//x",
        "files/a\\b",
        "files/\n",
        "files",
        "secret.key",
        "",
    ],
)
def test_manifest_that_names_a_file_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    file = ArchivedFile(bytes=0, sha256="")

    with pytest.raises(BackupError, match="is no file of a backup"):
        unpack(archive(tmp_path / "a.tar", files={name: file}), tmp_path / "out")


def test_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar")
    content = path.read_bytes()
    path.write_bytes(content.replace(CONTENT, CONTENT.upper(), 1))

    with pytest.raises(BackupError, match=r"'database\.sqlite3'.*SHA-256"):
        unpack(path, tmp_path / "out")


def test_missing_file_is_noticed(tmp_path: Path) -> None:
    with open_archive(archive(tmp_path / "a.tar")) as (_tar, manifest):
        files = manifest.files | {"files/gone": manifest.files[FIELD]}

    with pytest.raises(BackupError, match=r"'files/gone'.*missing"):
        unpack(archive(tmp_path / "b.tar", files=files), tmp_path / "out")


@pytest.mark.parametrize("kept", [0, 100, 700, 2000])
def test_backup_that_ends_early_is_refused(tmp_path: Path, kept: int) -> None:
    path = archive(tmp_path / "a.tar")
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(BackupError, match="is no backup"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "told"), [({"format": "hemascope.backup/2"}, "format"), ({"database": "oracle"}, "database")]
)
def test_manifest_of_another_form_is_refused(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    with pytest.raises(BackupError, match=f"not valid: {told}"):
        unpack(archive(tmp_path / "a.tar", **changes), tmp_path / "out")


def test_backup_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError, match=r"gone\.tar"):
        unpack(tmp_path / "gone.tar", tmp_path / "out")
