"""A whole installation into one file and out of it again, on whichever database the tests run."""

import json
import os
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from hemascope.errors import BackupError, DependencyMissingError, OutputError, SettingsError
from hemascope.web.accounts.actions import department_create
from hemascope.web.accounts.models import Department
from hemascope.web.audit.models import AuditEvent
from hemascope.web.audit.selectors import audit_verify
from hemascope.web.operations import database_copy
from hemascope.web.operations.archive import open_archive
from hemascope.web.operations.backup import backup_make
from hemascope.web.operations.restore import refuse_newer, restore
from hemascope.web.patients.models import Patient
from web.builders import make_user
from web.patience import wait_until
from web.patients.builders import make_patient

OTHER_KEY = "b3RoZXIga2V5IG9mIHRoaXJ0eS10d28gYnl0ZXMgICE="

pytestmark = pytest.mark.django_db(transaction=True)
is_sqlite = connection.vendor == "sqlite"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[None]:
    """Of a process in which the installation's keys are set; put back afterwards, because `restore` changes it."""
    settings.DATA_FOLDER = tmp_path
    before = dict(os.environ)
    set_keys(monkeypatch, settings.IDENTITY_KEYS[0], settings.IDENTITY_INDEX_KEY)
    yield
    os.environ.clear()
    os.environ.update(before)


def set_keys(monkeypatch: pytest.MonkeyPatch, identity: str, index: str) -> None:
    monkeypatch.setenv("HEMASCOPE_IDENTITY_KEYS", identity)
    monkeypatch.setenv("HEMASCOPE_IDENTITY_INDEX_KEY", index)


@pytest.fixture
def uploaded(settings: Any) -> dict[str, bytes]:
    """Files of the installation; the one in `derived` can be made again."""
    files = {"fields/ab/abcd": b"a field", "avatars/face.jpg": b"a face", "derived/ab/abcd/thumbnail.jpg": b"small"}
    for name, content in files.items():
        path = Path(settings.MEDIA_ROOT) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return files


def rows(data: Path, query: str) -> list[tuple[object, ...]]:
    """Of the restored database: a file in the folder, or the one that the tests are connected to."""
    if is_sqlite:
        with closing(sqlite3.connect(data / "hemascope.sqlite3")) as database:
            return database.execute(query).fetchall()
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def test_restored_installation_has_the_rows_and_files_that_the_backup_was_made_of(
    uploaded: dict[str, bytes], tmp_path: Path
) -> None:
    patient = make_patient(name="王小明")
    backup_make(tmp_path / "backup.tar")
    if not is_sqlite:  # the target is the same database
        Patient.objects.all().delete()

    manifest = restore(tmp_path / "backup.tar", tmp_path / "data", force=not is_sqlite)

    token = rows(tmp_path / "data", f"SELECT name FROM patients_patient WHERE id = {patient.pk}")[0][0]
    assert Patient._meta.get_field("name").from_db_value(token, None, None) == "王小明"
    restored = {
        path: (tmp_path / "data" / "files" / path).read_bytes() for path in ("fields/ab/abcd", "avatars/face.jpg")
    }
    assert restored == {name: uploaded[name] for name in restored}
    assert not (tmp_path / "data" / "files" / "derived").exists()
    assert not (tmp_path / "data" / "identity.keys").exists()
    assert manifest.made_at.tzinfo is not None
    assert stat.S_IMODE((tmp_path / "backup.tar").stat().st_mode) == 0o600
    assert AuditEvent.objects.filter(verb="backup.create").exists()
    assert json.loads((tmp_path / "last-backup.json").read_text())["made_at"] == manifest.made_at.isoformat()


def test_backup_made_while_others_write_is_of_one_moment(tmp_path: Path) -> None:
    """Each department is written with its event: a copy that tears them apart would have more of one."""
    admin = make_user(role="administrator")
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            department_create(by=admin, name=f"Ward {(number := number + 1)}")
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_until(lambda: Department.objects.count() >= 3)
        backup_make(tmp_path / "backup.tar")
        behind = Department.objects.count()
        wait_until(lambda: Department.objects.count() > behind)
    finally:
        stop.set()
        writer.join()

    restore(tmp_path / "backup.tar", tmp_path / "data", force=not is_sqlite)

    [(departments,)] = rows(tmp_path / "data", "SELECT COUNT(*) FROM accounts_department")
    events = rows(tmp_path / "data", "SELECT COUNT(*) FROM audit_auditevent WHERE verb = 'department.create'")
    assert [(departments,)] == events
    assert 3 <= departments <= behind
    if not is_sqlite:
        assert audit_verify() > 0


def test_backup_with_keys_can_be_restored_without_any(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    backup_make(tmp_path / "backup.tar", with_keys=True)
    monkeypatch.delenv("HEMASCOPE_IDENTITY_KEYS")
    monkeypatch.delenv("HEMASCOPE_IDENTITY_INDEX_KEY")

    restore(tmp_path / "backup.tar", tmp_path / "data", force=not is_sqlite)

    assert (tmp_path / "data" / "identity.keys").read_text() == settings.IDENTITY_KEYS[0]
    assert stat.S_IMODE((tmp_path / "data" / "identity.keys").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("identity", "index", "told"),
    [
        ("", "", "the backup has no keys in it"),
        (OTHER_KEY, "same", "1 of the 1 keys"),
        ("same", OTHER_KEY, "search index"),
    ],
)
def test_restore_without_the_right_keys_says_so_and_leaves_the_folder_empty(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, identity: str, index: str, told: str
) -> None:
    backup_make(tmp_path / "backup.tar")
    own = (settings.IDENTITY_KEYS[0], settings.IDENTITY_INDEX_KEY)
    set_keys(
        monkeypatch, *(mine if given == "same" else given for given, mine in zip((identity, index), own, strict=True))
    )

    with pytest.raises(SettingsError, match=told):
        restore(tmp_path / "backup.tar", tmp_path / "data", force=True)

    assert list((tmp_path / "data").iterdir()) == []


def test_restore_sets_aside_what_a_folder_holds_only_when_forced(uploaded: dict[str, bytes], tmp_path: Path) -> None:
    backup_make(tmp_path / "backup.tar")
    data = tmp_path / "data"
    (data / "files").mkdir(parents=True)
    (data / "files" / "precious").write_text("keep")

    with pytest.raises(OutputError, match="is not empty"):
        restore(tmp_path / "backup.tar", data, force=False)
    restore(tmp_path / "backup.tar", data, force=True)

    assert (data / "files" / "fields" / "ab" / "abcd").read_bytes() == uploaded["fields/ab/abcd"]
    assert [path.read_text() for path in data.glob("before-restore-*/files/precious")] == ["keep"]


def test_backup_replaces_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "backup.tar").write_text("the last one")

    with pytest.raises(OutputError, match="exists already"):
        backup_make(tmp_path / "backup.tar")

    assert (tmp_path / "backup.tar").read_text() == "the last one"


def test_backup_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    manifest = backup_make(tmp_path / "backup.tar")
    newer = manifest.model_copy(update={"migrations": (*manifest.migrations, "cases.0999_future"), "hemascope": "9.9"})

    refuse_newer(manifest)
    with pytest.raises(BackupError, match=r"hemascope 9\.9.*cases\.0999_future"):
        refuse_newer(newer)


@pytest.mark.skipif(is_sqlite, reason="SQLite needs no client")
def test_missing_client_of_mariadb_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(database_copy.shutil, "which", lambda _name: None)

    with pytest.raises(DependencyMissingError, match=r"'mariadb-dump' nor 'mysqldump'.*apt install"):
        backup_make(tmp_path / "backup.tar")

    assert list(tmp_path.glob("*.tar*")) == []


@pytest.mark.skipif(not is_sqlite, reason="damages the copy of SQLite")
def test_damaged_database_in_a_backup_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)

    with pytest.raises(BackupError, match="damaged"):
        database_copy.verify_sqlite(damaged)


def test_backup_can_be_listed_with_tar_and_ends_with_its_manifest(uploaded: dict[str, bytes], tmp_path: Path) -> None:
    manifest = backup_make(tmp_path / "backup.tar")

    with tarfile.open(tmp_path / "backup.tar") as tar:
        assert tar.getnames() == [*manifest.files, "manifest.json"]
    with open_archive(tmp_path / "backup.tar") as (_tar, read):
        assert read == manifest
    assert datetime.now(UTC) > manifest.made_at
