"""One installation in a data folder: its environment, its secrets, its database, its first administrator."""

import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hemascope.errors import SettingsError, output_errors
from hemascope.service.output_folder import write_private

SETTINGS = "hemascope.web.settings.production"
DATABASE_FILE = "hemascope.sqlite3"
FILES_FOLDER = "files"
IDENTITY_KEYS_FILE = "identity.keys"  # newest first; without them no patient's identity can be read again
IDENTITY_INDEX_KEY_FILE = "identity-index.key"
_METRICS_FOLDER = "metrics"  # where the web processes count together
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def _identity_key() -> str:
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, slots=True)
class _Secret:
    variable: str  # HEMASCOPE_..., or with _FILE at its end the name of a file
    file: str  # in the data folder, where neither is set
    make: Callable[[], str]
    is_replaceable: bool  # whether an installation can go on with a new one


_SECRETS = (
    _Secret("HEMASCOPE_SECRET_KEY", "secret.key", lambda: secrets.token_urlsafe(64), is_replaceable=True),
    _Secret("HEMASCOPE_IDENTITY_KEYS", IDENTITY_KEYS_FILE, _identity_key, is_replaceable=False),
    _Secret("HEMASCOPE_IDENTITY_INDEX_KEY", IDENTITY_INDEX_KEY_FILE, _identity_key, is_replaceable=False),
)
SECRET_FILES = tuple(secret.file for secret in _SECRETS)


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    username: str
    password: str


def prepare_folder(data: Path, given: Mapping[str, str] = os.environ) -> None:
    """Makes folder and the secrets that `given` does not name, readable by nobody else.

    Raises OutputError, and SettingsError where the database is there and a key it was written with is gone.
    """
    with output_errors(data):
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        metrics = data / _METRICS_FOLDER
        metrics.mkdir(exist_ok=True)
        for counted_before in metrics.glob("*.db"):  # by processes that are gone
            counted_before.unlink()
        for secret in _SECRETS:
            if not _is_given(secret, given) and not (data / secret.file).exists():
                _make_secret(data, secret)


def _make_secret(data: Path, secret: _Secret) -> None:
    if not secret.is_replaceable and (data / DATABASE_FILE).exists():
        raise SettingsError(
            f"'{data}' has a database but no '{secret.file}', without which the identities of its patients cannot be "
            f"read; put that file back, or set {secret.variable}"
        )
    write_private(data / secret.file, secret.make())


def _is_given(secret: _Secret, given: Mapping[str, str]) -> bool:
    return secret.variable in given or f"{secret.variable}_FILE" in given


def environment_for(
    data: Path, given: Mapping[str, str], *, host: str = "127.0.0.1", hosts: Sequence[str] = (), https: bool = False
) -> dict[str, str]:
    """`given` with what the folder and the options add; what an operator set by hand stays.

    Raises SettingsError for an address that others can reach without HTTPS: passwords would travel in the clear.
    """
    if host not in _LOOPBACK and not https:
        raise SettingsError(
            f"'{host}' can be reached by others; put a proxy with HTTPS in front and give --https, or use 127.0.0.1"
        )
    return {
        "HEMASCOPE_DATA": str(data.absolute()),
        "HEMASCOPE_ALLOWED_HOSTS": ",".join(hosts) or "localhost,127.0.0.1",
        "HEMASCOPE_HTTPS": "1" if https else "0",
        "PROMETHEUS_MULTIPROC_DIR": str(data.absolute() / _METRICS_FOLDER),
        **{
            f"{secret.variable}_FILE": str(data.absolute() / secret.file)
            for secret in _SECRETS
            if not _is_given(secret, given)
        },
        **given,
        "DJANGO_SETTINGS_MODULE": SETTINGS,
    }


def prepare_database() -> FirstAdministrator | None:
    """Migrates; makes the first administrator where there are no users. Needs the environment to be in place."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from hemascope.web.accounts.actions import generated_password, user_create
    from hemascope.web.accounts.models import User
    from hemascope.web.api.roles import Role

    call_command("migrate", verbosity=0, interactive=False)
    made = None
    if not User.objects.exists():
        made = FirstAdministrator("admin", generated_password())
        user_create(
            by=None,
            username=made.username,
            password=made.password,
            role=Role.ADMINISTRATOR,
            email="admin@localhost.localdomain",
        )
    connection.close()
    return made
