"""The settings an operator makes: HEMASCOPE_* variables, read once when the settings module is loaded."""

import os
from base64 import urlsafe_b64decode
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hemascope.errors import DependencyMissingError, SettingsError

_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})
_MYSQL_SCHEMES = frozenset({"mysql", "mariadb"})
_BUCKET_OPTIONS = {"endpoint": "endpoint_url", "region": "region_name"}
_SHORTEST_SECRET = 50  # characters; Django's own check asks for as many
_FEWEST_CHARACTERS = 10  # different ones in the secret
_KEY_BYTES = 32  # of the keys for identities

# WAL lets readers read while one writes; IMMEDIATE takes the write lock at the start, because a transaction that
# upgrades from reading fails at once instead of waiting (docs/adr/0002-web.md has the figures).
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=134217728;"
        "PRAGMA journal_size_limit=27103364;PRAGMA cache_size=2000;"
    ),
}
_MYSQL_OPTIONS = {
    "charset": "utf8mb4",
    "isolation_level": "read committed",
    "init_command": "SET sql_mode='STRICT_TRANS_TABLES'",
}


def text(name: str, default: str = "") -> str:
    return os.environ.get(f"HEMASCOPE_{name}", default).strip()


def flag(name: str, default: bool) -> bool:
    """Raises SettingsError for anything but 1/0, true/false, yes/no, on/off."""
    value = text(name, str(default)).lower()
    if value in _YES | _NO:
        return value in _YES
    raise SettingsError(f"HEMASCOPE_{name} is '{value}', but must be 1 or 0")


def number(name: str, default: int, *, least: int = 0) -> int:
    value = text(name, str(default))
    if not value.isdecimal() or int(value) < least:
        raise SettingsError(f"HEMASCOPE_{name} is '{value}', but must be a whole number of at least {least}")
    return int(value)


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


def data_folder(default: str = "") -> Path:
    """HEMASCOPE_DATA: database, files and keys. Raises SettingsError where it is not given and there is no default."""
    value = text("DATA", default)
    if not value:
        raise SettingsError("HEMASCOPE_DATA is not set; name the folder that database and files are kept in")
    return Path(value).absolute()


def secret_key() -> str:
    """HEMASCOPE_SECRET_KEY or the content of HEMASCOPE_SECRET_KEY_FILE. Raises SettingsError for a weak one."""
    value = _secret_text("SECRET_KEY")
    if len(value) < _SHORTEST_SECRET or len(set(value)) < _FEWEST_CHARACTERS or value.startswith("django-insecure"):
        raise SettingsError(  # names the length only: the secret itself must not land in a log
            f"HEMASCOPE_SECRET_KEY has {len(value)} characters or is a placeholder; give {_SHORTEST_SECRET} random "
            "ones, in the variable or in a file that HEMASCOPE_SECRET_KEY_FILE names: "
            "python -c 'import secrets; print(secrets.token_urlsafe(64))'"
        )
    return value


def identity_keys() -> list[str]:
    """HEMASCOPE_IDENTITY_KEYS, newest first, or the words of HEMASCOPE_IDENTITY_KEYS_FILE. Raises SettingsError."""
    keys = _secret_text("IDENTITY_KEYS").replace(",", " ").split()
    for position, key in enumerate(keys or [""], start=1):
        _check_key("IDENTITY_KEYS", key, position)
    return keys


def identity_index_key() -> str:
    """HEMASCOPE_IDENTITY_INDEX_KEY or the content of its _FILE. Raises SettingsError; it must be a key of its own."""
    key = _secret_text("IDENTITY_INDEX_KEY")
    _check_key("IDENTITY_INDEX_KEY", key)
    if key in identity_keys():
        raise SettingsError("HEMASCOPE_IDENTITY_INDEX_KEY is one of HEMASCOPE_IDENTITY_KEYS; make a separate one")
    return key


def _secret_text(name: str) -> str:
    """The variable, or the content of the file that the variable with _FILE at its end names."""
    file = text(f"{name}_FILE")
    return Path(file).read_text(encoding="utf-8").strip() if file and Path(file).is_file() else text(name)


def _check_key(name: str, key: str, position: int = 1) -> None:
    """32 bytes as Fernet wants them; the message tells the length only."""
    try:
        is_key = len(urlsafe_b64decode(key)) == _KEY_BYTES
    except ValueError:
        is_key = False
    if not is_key:
        raise SettingsError(
            f"HEMASCOPE_{name}: key {position} has {len(key)} characters and is not {_KEY_BYTES} bytes in URL-safe "
            f"base64; put one there or in a file that HEMASCOPE_{name}_FILE names: "
            "python -c 'import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'"
        )


def database(default_file: Path) -> dict[str, Any]:
    """Django's entry for HEMASCOPE_DATABASE_URL (mysql://user:password@host:3306/name), else SQLite in `default_file`.

    Raises SettingsError for a URL of another form.
    """
    url = text("DATABASE_URL")
    if not url:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": default_file, "OPTIONS": _SQLITE_OPTIONS}
    import pymysql  # of the extra [mysql]

    parts = urlsplit(url)
    if parts.scheme not in _MYSQL_SCHEMES or not parts.path.strip("/"):
        raise SettingsError(  # the URL may hold a password: only its scheme is named
            f"HEMASCOPE_DATABASE_URL begins with '{parts.scheme}://'; expected mysql://user:password@host:3306/name, "
            "or none for SQLite in the data folder"
        )
    pymysql.install_as_MySQLdb()  # Django asks for mysqlclient, which has no wheel: this one needs no compiler
    return {
        "ENGINE": "django.db.backends.mysql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "127.0.0.1",
        "PORT": parts.port or 3306,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _MYSQL_OPTIONS,
        "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"},
    }


def file_store() -> dict[str, Any]:
    """Django's entry for HEMASCOPE_FILES_URL (s3://bucket/prefix?endpoint=...), else for `files` in the data folder.

    Raises SettingsError for a URL of another form, DependencyMissingError where the extra [s3] is not installed.
    """
    url = text("FILES_URL")
    if not url:
        return {"BACKEND": "hemascope.web.storage.folder.FolderStorage"}
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    endpoint = urlsplit(given.get("endpoint", "https://amazonaws.com"))
    is_bucket = parts.scheme == "s3" and parts.netloc == parts.hostname and not parts.fragment
    is_server = endpoint.scheme in ("http", "https") and endpoint.hostname and "@" not in endpoint.netloc
    if not is_bucket or not is_server or not set(given) <= set(_BUCKET_OPTIONS):
        raise SettingsError(  # the URL may hold a password where none belongs: only its scheme is named
            f"HEMASCOPE_FILES_URL begins with '{parts.scheme}:'; expected "
            "s3://bucket/prefix?endpoint=https://host:9000&region=name, where prefix and what follows may be missing; "
            "credentials go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if find_spec("storages") is None:
        raise DependencyMissingError("HEMASCOPE_FILES_URL needs S3: pip install 'hemascope[s3]'")
    options = {_BUCKET_OPTIONS[name]: value for name, value in given.items()}
    return {
        "BACKEND": "hemascope.web.storage.bucket.BucketStorage",
        "OPTIONS": {"bucket_name": parts.netloc, "location": parts.path.strip("/"), "endpoint_url": None} | options,
    }
