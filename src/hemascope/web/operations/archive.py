"""The one file of a backup: a tar archive whose last member, `manifest.json`, names every other with its SHA-256.

Nothing of an archive is believed: names, sizes and kinds are those of the manifest, or the archive is refused.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, ValidationError

from hemascope.errors import BackupError, InputNotFoundError, output_errors
from hemascope.web.installation import FILES_FOLDER, IDENTITY_INDEX_KEY_FILE, IDENTITY_KEYS_FILE

MANIFEST = "manifest.json"
DATABASE_COPIES = {"sqlite": "database.sqlite3", "mysql": "database.sql"}
_ROOT_NAMES = frozenset({*DATABASE_COPIES.values(), IDENTITY_KEYS_FILE, IDENTITY_INDEX_KEY_FILE})
_LONGEST_MANIFEST = 512 * 1024 * 1024  # bytes; some 120 a file
_CHUNK = 1024 * 1024


def _safe_name(name: str) -> str:
    """Of a file that a backup may hold; raises ValueError for any other, such as one that leaves its folder."""
    parts = name.split("/")
    is_inside = all(part not in ("", ".", "..") and part.isprintable() and "\\" not in part for part in parts)
    if name in _ROOT_NAMES or (is_inside and len(parts) > 1 and parts[0] == FILES_FOLDER):
        return name
    raise ValueError(f"'{name}' is no file of a backup")


class ArchivedFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int
    sha256: str


class BackupManifest(BaseModel):
    """`migrations` say which tables the database has, as `app.name`; keys are only named, by their fingerprints."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["hemascope.backup/1"] = "hemascope.backup/1"
    hemascope: str
    made_at: AwareDatetime
    database: Literal["sqlite", "mysql"]
    migrations: tuple[str, ...]
    identity_keys: tuple[str, ...]
    identity_index_key: str
    files: dict[Annotated[str, AfterValidator(_safe_name)], ArchivedFile]

    @property
    def has_keys(self) -> bool:
        return IDENTITY_KEYS_FILE in self.files and IDENTITY_INDEX_KEY_FILE in self.files


def key_fingerprint(key: str) -> str:
    """Tells keys apart without telling them: they are 256 random bits."""
    return hashlib.sha256(f"hemascope key {key}".encode()).hexdigest()[:16]


class _Hashing:
    """Reads `file` and hashes what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk


class ArchiveWriter:
    def __init__(self, tar: tarfile.TarFile, made_at: datetime) -> None:
        self.files: dict[str, ArchivedFile] = {}
        self._tar, self._time = tar, made_at.timestamp()

    def add(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            self.add_open(name, file, path.stat().st_size)

    def add_open(self, name: str, file: IO[bytes], size: int) -> None:
        """`size` bytes; what another process adds to it meanwhile is left out."""
        info = self._info(name, size)
        hashing = _Hashing(file)
        self._tar.addfile(info, hashing)  # which uses `read` only
        self.files[name] = ArchivedFile(bytes=info.size, sha256=hashing.digest.hexdigest())

    def finish(self, manifest: BackupManifest) -> None:
        content = manifest.model_dump_json(indent=1).encode()
        self._tar.addfile(self._info(MANIFEST, len(content)), io.BytesIO(content))

    def _info(self, name: str, size: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, int(self._time), 0o600
        return info


@contextmanager
def open_archive(path: Path) -> Iterator[tuple[tarfile.TarFile, BackupManifest]]:
    """Raises InputNotFoundError, and BackupError for what is no whole backup."""
    if not path.is_file():
        raise InputNotFoundError(f"there is no backup '{path}'")
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar, _read_manifest(tar)
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"'{path}' is no backup, or ends early ({error}); take another copy of it") from error


def _read_manifest(tar: tarfile.TarFile) -> BackupManifest:
    members = [member for member in tar.getmembers() if member.name == MANIFEST]
    if len(members) != 1 or not members[0].isreg() or members[0].size > _LONGEST_MANIFEST:
        raise BackupError(f"'{tar.name!s}' has no {MANIFEST}: it is no backup, or ends early; take another copy of it")
    try:
        return BackupManifest.model_validate_json(_content(tar, members[0]).read())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BackupError(f"the manifest of '{tar.name!s}' is not valid: {place}: {first['msg']}") from error


def extract(tar: tarfile.TarFile, manifest: BackupManifest, folder: Path) -> None:
    """Every file of the manifest into `folder`, its hash compared. Raises BackupError and OutputError.

    Files are written by us and not by `tarfile`: there are no links, devices or owners, and no name is used that the
    manifest has not been checked for.
    """
    missing = set(manifest.files)
    for member in tar:
        if member.name == MANIFEST:
            continue
        if member.name not in missing or not member.isreg():
            raise BackupError(f"'{member.name}' in the backup is not what its manifest says; it was altered")
        missing.remove(member.name)
        _write(_content(tar, member), folder / PurePosixPath(member.name), manifest.files[member.name], member.name)
    if missing:
        raise BackupError(f"'{min(missing)}' and {len(missing) - 1} more files are missing in the backup")


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(member)
    assert content is not None  # only of members that are no regular files
    return content


def _write(source: IO[bytes], path: Path, expected: ArchivedFile, name: str) -> None:
    hashing = _Hashing(source)
    count = 0
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("xb") as file:
            path.chmod(0o600)
            while chunk := hashing.read(_CHUNK):
                count += file.write(chunk)
    if (count, hashing.digest.hexdigest()) != (expected.bytes, expected.sha256):
        raise BackupError(f"'{name}' in the backup does not have the SHA-256 of its manifest; take another copy of it")
