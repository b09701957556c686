"""The first administrator's password in a file, where nobody saw it on a terminal; it goes when it is changed."""

from pathlib import Path

from django.conf import settings
from django.db import transaction

from hemascope.errors import output_errors
from hemascope.service.output_folder import write_private
from hemascope.web.accounts.models import User

FIRST_PASSWORD_FILE = "first-administrator.txt"  # in the data folder: name and password


def first_password_keep(username: str, password: str) -> Path:
    """Writes it for its owner's eyes only, in place of one of a database that is gone. Raises OutputError."""
    path = _path()
    with output_errors(path):
        path.unlink(missing_ok=True)
        write_private(path, f"{username}  {password}\n")
    return path


def first_password_forget(user: User) -> None:
    """Deletes the file where it is about `user`, once the transaction that changed the password is committed."""
    path = _path()
    if path.is_file() and path.read_text(encoding="utf-8").split()[:1] == [user.username]:
        transaction.on_commit(path.unlink, robust=True)


def _path() -> Path:
    return Path(settings.DATA_FOLDER) / FIRST_PASSWORD_FILE
