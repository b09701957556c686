"""One installation in a data folder: its environment, its secret, its database, its first administrator."""

import base64
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hemascope.errors import SettingsError, output_errors

SETTINGS = "hemascope.web.settings.production"
_FILE_OF = {  # which variable's value lies in which file
    "HEMASCOPE_SECRET_KEY": "secret.key",
    "HEMASCOPE_IDENTITY_KEYS": "identity.keys",
    "HEMASCOPE_IDENTITY_INDEX_KEY": "identity-index.key",
}
_METRICS_FOLDER = "metrics"  # where the web processes count together
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    username: str
    password: str


def prepare_folder(data: Path) -> None:
    """Makes folder, secret key and keys for identities, readable by nobody else. Raises OutputError."""
    with output_errors(data):
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        metrics = data / _METRICS_FOLDER
        metrics.mkdir(exist_ok=True)
        for counted_before in metrics.glob("*.db"):  # by processes that are gone
            counted_before.unlink()
        for name in _FILE_OF.values():
            if not (data / name).exists():
                _write_key(data / name)


def _write_key(path: Path) -> None:
    size = 64 if path.name == _FILE_OF["HEMASCOPE_SECRET_KEY"] else 32  # bytes; encryption wants exactly 32
    key = base64.urlsafe_b64encode(secrets.token_bytes(size)).decode()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key)


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
        **_keys_in(data, given),
        **given,
        "DJANGO_SETTINGS_MODULE": SETTINGS,
    }


def _keys_in(data: Path, given: Mapping[str, str]) -> dict[str, str]:
    return {f"{name}_FILE": str(data.absolute() / file) for name, file in _FILE_OF.items() if name not in given}


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
