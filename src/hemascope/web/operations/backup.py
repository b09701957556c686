"""Everything of an installation in one file, while it works."""

import json
import os
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from hemascope import __version__
from hemascope.errors import OutputError, output_errors
from hemascope.service.output_folder import write_whole
from hemascope.web.audit.actions import audit_record
from hemascope.web.dashboard.upkeep import LAST_BACKUP_FILE
from hemascope.web.installation import FILES_FOLDER, IDENTITY_INDEX_KEY_FILE, IDENTITY_KEYS_FILE
from hemascope.web.operations.archive import ArchiveWriter, BackupManifest, key_fingerprint
from hemascope.web.operations.database_copy import copy_database
from hemascope.web.storage import stored_names

_MADE_ANEW = "derived"  # below the files: pictures that follow from the uploads


def backup_make(out: Path, *, with_keys: bool = False) -> BackupManifest:
    """Writes the backup `out` of the installation that Django is set up for; the audit trail says so.

    The database comes first, so that every file it names is there: an upload that is deleted meanwhile may be missing.
    Raises OutputError where `out` exists or cannot be written, BackupError, DependencyMissingError and FileStoreError.
    """
    if out.exists():
        raise OutputError(f"'{out}' exists already; backups never replace one another, choose another name")
    with transaction.atomic():
        audit_record(by=None, verb="backup.create", changes={"with_keys": with_keys})
    part = out.with_name(f"{out.name}.part")
    try:
        with output_errors(out), tempfile.TemporaryDirectory(dir=out.parent, prefix=".hemascope-backup-") as workplace:
            manifest = _write(part, Path(workplace), with_keys)
            part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    write_whole(Path(settings.DATA_FOLDER) / LAST_BACKUP_FILE, json.dumps({"made_at": manifest.made_at.isoformat()}))
    return manifest


def _write(part: Path, workplace: Path, with_keys: bool) -> BackupManifest:
    made_at = datetime.now(UTC)
    migrations = sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())
    copy = copy_database(workplace)
    opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        writer = ArchiveWriter(tar, made_at)
        writer.add(copy.name, copy)
        copy.unlink()
        if with_keys:
            _add_key(writer, workplace, IDENTITY_KEYS_FILE, "\n".join(settings.IDENTITY_KEYS))
            _add_key(writer, workplace, IDENTITY_INDEX_KEY_FILE, settings.IDENTITY_INDEX_KEY)
        for name in stored_names(leave_out=_MADE_ANEW):
            try:
                with default_storage.open(name) as stored:
                    writer.add_open(f"{FILES_FOLDER}/{name}", cast(IO[bytes], stored.file), default_storage.size(name))
            except FileNotFoundError:  # deleted since it was listed
                continue
        manifest = BackupManifest(
            hemascope=__version__,
            made_at=made_at,
            database="sqlite" if connection.vendor == "sqlite" else "mysql",
            migrations=tuple(migrations),
            identity_keys=tuple(key_fingerprint(key) for key in settings.IDENTITY_KEYS),
            identity_index_key=key_fingerprint(settings.IDENTITY_INDEX_KEY),
            files=writer.files,
        )
        writer.finish(manifest)
    return manifest


def _add_key(writer: ArchiveWriter, workplace: Path, name: str, content: str) -> None:
    path = workplace / name
    path.write_text(content, encoding="utf-8")
    writer.add(name, path)
