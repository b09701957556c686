"""An installation out of a backup. Nothing is touched before all of the backup has been checked; nothing is deleted."""

import os
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path

from hemascope.errors import BackupError, OutputError, SettingsError, output_errors
from hemascope.web.installation import (
    DATABASE_FILE,
    FILES_FOLDER,
    IDENTITY_INDEX_KEY_FILE,
    IDENTITY_KEYS_FILE,
    SECRET_FILES,
    environment_for,
    prepare_folder,
)
from hemascope.web.operations.archive import DATABASE_COPIES, BackupManifest, extract, key_fingerprint, open_archive
from hemascope.web.settings import environment

_STAGING = ".restoring"
_KEPT_BESIDE = (*SECRET_FILES, _STAGING, "lost+found")  # what an empty data folder may hold


def restore(archive: Path, data: Path, *, force: bool) -> BackupManifest:
    """Puts the backup into `data`, and into the database and bucket that the environment names.

    With `force` what the folder holds goes into `before-restore-<time>` in it, and tables are replaced. Sets Django up.
    Raises InputNotFoundError, BackupError, OutputError, SettingsError, DependencyMissingError and FileStoreError.
    """
    staging = data / _STAGING
    given = dict(os.environ)
    with open_archive(archive) as (tar, manifest):
        if _others_in(data) and not force:
            raise OutputError(f"'{data}' is not empty; choose another folder, or --force to set aside what it holds")
        with output_errors(data):
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir(mode=0o700)
        try:
            extract(tar, manifest, staging)
            _set_up(data, staging, manifest)
            _check_fit(manifest)
            _put_in_place(data, staging, manifest, force)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    prepare_folder(data, given)
    return manifest


def _set_up(data: Path, staging: Path, manifest: BackupManifest) -> None:
    """Django, with keys that open what the backup holds. Raises SettingsError where there are none."""
    import django

    given = {"HEMASCOPE_SECRET_KEY": secrets.token_urlsafe(64), **os.environ}  # no session is made here
    os.environ.update(environment_for(data, given))
    has_own = all((data / name).is_file() for name in (IDENTITY_KEYS_FILE, IDENTITY_INDEX_KEY_FILE))
    if manifest.has_keys and not has_own:
        os.environ.setdefault("HEMASCOPE_IDENTITY_KEYS", (staging / IDENTITY_KEYS_FILE).read_text())
        os.environ.setdefault("HEMASCOPE_IDENTITY_INDEX_KEY", (staging / IDENTITY_INDEX_KEY_FILE).read_text())
    check_keys(manifest)
    django.setup()


def check_keys(manifest: BackupManifest) -> None:
    """Raises SettingsError where the environment's keys are not those of the backup."""
    needed = {*manifest.identity_keys}
    try:
        known = {key_fingerprint(key) for key in environment.identity_keys()}
        index_key = key_fingerprint(environment.identity_index_key())
    except SettingsError as error:
        raise SettingsError(
            f"the backup has no keys in it, and its identities cannot be read without: put the installation's "
            f"'{IDENTITY_KEYS_FILE}' and '{IDENTITY_INDEX_KEY_FILE}' into the data folder first ({error})"
        ) from error
    if missing := needed - known:
        raise SettingsError(
            f"{len(missing)} of the {len(needed)} keys that the backup was made with are not here (fingerprint "
            f"{min(missing)}); the identities in it cannot be read without: put the right '{IDENTITY_KEYS_FILE}' into "
            "the data folder"
        )
    if index_key != manifest.identity_index_key:
        raise SettingsError(
            f"the search index of the backup was made with another key (fingerprint {manifest.identity_index_key}); "
            f"put the right '{IDENTITY_INDEX_KEY_FILE}' into the data folder"
        )


def _check_fit(manifest: BackupManifest) -> None:
    """Raises BackupError for a newer schema, SettingsError for another kind of database."""
    from django.db import connection

    refuse_newer(manifest)
    here = "sqlite" if connection.vendor == "sqlite" else "mysql"
    if here != manifest.database:
        raise SettingsError(
            f"the backup is of {manifest.database}, but the database here is {here}; "
            + ("set HEMASCOPE_DATABASE_URL" if here == "sqlite" else "unset HEMASCOPE_DATABASE_URL")
        )
    if DATABASE_COPIES[here] not in manifest.files:
        raise BackupError("the backup holds no database; it was altered")


def refuse_newer(manifest: BackupManifest) -> None:
    """Raises BackupError where the backup has tables that this version does not know. Needs Django."""
    from django.db.migrations.loader import MigrationLoader

    known = MigrationLoader(None).disk_migrations
    newer = [name for name in manifest.migrations if tuple(name.split(".", 1)) not in known]
    if newer:
        raise BackupError(
            f"the backup was made by hemascope {manifest.hemascope}, which is newer ({newer[0]} is not known here); "
            "install that version or a later one"
        )


def _put_in_place(data: Path, staging: Path, manifest: BackupManifest, force: bool) -> None:
    from django.conf import settings

    from hemascope.web.operations.database_copy import has_tables, load_mysql, verify_sqlite

    copy = staging / DATABASE_COPIES[manifest.database]
    if manifest.database == "sqlite":
        verify_sqlite(copy)
    elif has_tables() and not force:
        raise OutputError("the database is not empty; name another in HEMASCOPE_DATABASE_URL, or --force to replace it")
    if settings.FILES_URL:
        _fill_bucket(staging / FILES_FOLDER, force)  # before the database: files without rows do no harm
    if manifest.database != "sqlite":
        load_mysql(copy)
    with output_errors(data):
        _set_aside(data)
        if manifest.database == "sqlite":
            copy.rename(data / DATABASE_FILE)
        for name in (IDENTITY_KEYS_FILE, IDENTITY_INDEX_KEY_FILE, FILES_FOLDER):
            if (staging / name).exists() and not (data / name).exists():
                (staging / name).rename(data / name)


def _fill_bucket(folder: Path, force: bool) -> None:
    """Files of other names stay in it."""
    from django.core.files import File
    from django.core.files.storage import default_storage

    from hemascope.web.storage import stored_names

    if any(stored_names()) and not force:
        raise OutputError("the bucket is not empty; name another in HEMASCOPE_FILES_URL, or --force to add to it")
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as content:
                default_storage.save(path.relative_to(folder).as_posix(), File(content))
    shutil.rmtree(folder, ignore_errors=True)


def _set_aside(data: Path) -> None:
    others = _others_in(data)
    if others:
        aside = data / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        aside.mkdir(mode=0o700)
        for path in others:
            path.rename(aside / path.name)


def _others_in(data: Path) -> list[Path]:
    if data.exists() and not data.is_dir():
        raise OutputError(f"'{data}' is a file, but a restored installation needs a folder")
    return [path for path in data.iterdir() if path.name not in _KEPT_BESIDE] if data.exists() else []
