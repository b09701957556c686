"""The default database as one file, and back. Written while others go on working with it."""

import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

from hemascope.errors import BackupError, DependencyMissingError
from hemascope.web.operations.archive import DATABASE_COPIES

_DUMP = ("mariadb-dump", "mysqldump")
_CLIENT = ("mariadb", "mysql")
_DUMP_OPTIONS = ("--single-transaction", "--quick", "--skip-lock-tables", "--no-tablespaces", "--hex-blob")
_CHARSET = "--default-character-set=utf8mb4"


def copy_database(folder: Path) -> Path:
    """A file in `folder` with the database as it was at one moment.

    Raises BackupError, and DependencyMissingError where MariaDB's or MySQL's client is not installed.
    """
    copy = folder / DATABASE_COPIES[connection.vendor]
    if connection.vendor == "sqlite":
        _copy_sqlite(copy)
    else:
        with _account() as account, copy.open("wb") as file:
            _run([_program(_DUMP), account, _CHARSET, *_DUMP_OPTIONS, _database_name()], stdout=file)
    return copy


def _copy_sqlite(copy: Path) -> None:
    """All pages in one step: in WAL mode writers go on meanwhile and are not seen."""
    connection.ensure_connection()
    with closing(sqlite3.connect(copy)) as target:
        connection.connection.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, without its WAL beside it


def verify_sqlite(copy: Path) -> None:
    """Raises BackupError where it is no whole database."""
    try:
        with closing(sqlite3.connect(copy)) as database:
            answer = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer != "ok":
        raise BackupError(f"the database in the backup is damaged ({answer}); take another backup")


def has_tables() -> bool:
    return bool(connection.introspection.table_names())


def load_mysql(copy: Path) -> None:
    """In place of every table that the database has now. Raises as `copy_database`."""
    client = _program(_CLIENT)
    _drop_tables()
    with _account() as account, copy.open("rb") as file:
        _run([client, account, _CHARSET, _database_name()], stdin=file)


def _drop_tables() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET FOREIGN_KEY_CHECKS=0")
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)}")
        cursor.execute("SET FOREIGN_KEY_CHECKS=1")


def _database_name() -> str:
    return str(connection.settings_dict["NAME"])


@contextmanager
def _account() -> Iterator[str]:
    """The option that signs in: from a file that only we can read, because everybody sees a command line."""
    entry = connection.settings_dict
    password = str(entry["PASSWORD"]).replace("\\", "\\\\").replace('"', '\\"')
    with tempfile.NamedTemporaryFile("w", suffix=".cnf") as file:  # made with mode 0600
        file.write(f"[client]\nhost={entry['HOST']}\nport={entry['PORT']}\nuser={entry['USER']}\nprotocol=tcp\n")
        file.write(f'password="{password}"\n')
        file.flush()
        yield f"--defaults-extra-file={file.name}"


def _program(names: Sequence[str]) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise DependencyMissingError(
            f"neither '{names[0]}' nor '{names[1]}' is installed, which copies a MariaDB or MySQL database; "
            "run: apt install mariadb-client"
        )
    return found


def _run(command: Sequence[str], **streams: object) -> None:
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False, **streams)  # type: ignore[call-overload]
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise BackupError(f"{Path(command[0]).name} ended with {done.returncode}: {told[-1] if told else 'no reason'}")
