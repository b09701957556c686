"""What a request brought: files, and the files in ZIP archives. Names are for people; only content is believed."""

import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO, TypeAlias

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from hemascope.errors import ArchiveError, ImageTooLargeError, InputError, TooManyFilesError
from hemascope.service.file_names import safe_stem

SentFile: TypeAlias = "UploadedFile[Any]"

_ARCHIVE_SIGNATURES = (b"PK\3\4", b"PK\5\6")
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
_CHUNK = 1024 * 1024
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """`open` gives its bytes from the start; where the file cannot be had at all, it raises why."""

    name: str
    open: Callable[[], BinaryIO]


def received_files(files: Sequence[SentFile]) -> list[ReceivedFile]:
    """All files of a request, archives replaced by what is in them. Raises TooManyFilesError.

    An archive that is damaged, locked or unpacks to too much becomes one file which cannot be opened.
    """
    received: list[ReceivedFile] = []
    for file in files:
        received += _received(file)
    if len(received) > settings.UPLOAD_MAX_FILES:
        raise TooManyFilesError(
            _("%(count)s files in one request, the limit is %(limit)s; send them in parts")
            % {"count": len(received), "limit": settings.UPLOAD_MAX_FILES}
        )
    return received


def copy_limited(source: BinaryIO, write: Callable[[bytes], object]) -> int:
    """All of `source`, piece by piece; the number of bytes. Raises ImageTooLargeError, and ArchiveError for damage."""
    count = 0
    try:
        while chunk := source.read(_CHUNK):
            count += len(chunk)
            if count > settings.UPLOAD_MAX_BYTES:
                raise ImageTooLargeError(
                    _("the file has more than the %(limit)s bytes allowed")
                    % {"limit": f"{settings.UPLOAD_MAX_BYTES:,}"}
                )
            write(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise _damaged(error) from error
    return count


def shown_name(name: str) -> str:
    """The last part of a path of any system, without control characters, short enough for its column."""
    path = PurePosixPath(name.replace("\\", "/"))
    suffix = "".join(c for c in path.suffix if c.isalnum() or c == ".")
    return f"{safe_stem(path.stem)[:_LONGEST_NAME]}{suffix[:20]}"


def _received(file: SentFile) -> list[ReceivedFile]:
    name = shown_name(file.name or "")
    file.seek(0)
    head = file.read(4)
    if not head.startswith(_ARCHIVE_SIGNATURES):
        return [ReceivedFile(name, lambda: _rewound(file))]
    try:
        return list(_members(file))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        message = _("the archive cannot be read (%(why)s); pack it again") % {"why": error}
        return [_unusable(name, ArchiveError(message))]
    except ArchiveError as error:
        return [_unusable(name, error)]


def _members(file: SentFile) -> Iterator[ReceivedFile]:
    """The sizes that the archive states hold: not a byte more is unpacked of any member."""
    archive = zipfile.ZipFile(file)  # closed with the request's file, which it only borrows
    members = [info for info in archive.infolist() if not _is_clutter(info)]
    total = sum(info.file_size for info in members)
    if total > settings.UPLOAD_MAX_REQUEST_BYTES:
        raise ArchiveError(
            _("the archive unpacks to %(bytes)s bytes, the limit is %(limit)s; send it in parts")
            % {"bytes": f"{total:,}", "limit": f"{settings.UPLOAD_MAX_REQUEST_BYTES:,}"}
        )
    for info in members:
        yield ReceivedFile(shown_name(info.filename), _opener(archive, info))


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    def open_member() -> BinaryIO:
        if info.flag_bits & _ENCRYPTED:
            raise ArchiveError(_("the archive is locked by a password; pack it without"))
        if info.compress_type not in _METHODS:
            raise ArchiveError(
                _("method %(method)s of packing is not read; pack it as an ordinary ZIP")
                % {"method": info.compress_type}
            )
        if info.file_size > settings.UPLOAD_MAX_BYTES:
            raise ImageTooLargeError(
                _("%(bytes)s bytes, the limit is %(limit)s")
                % {"bytes": f"{info.file_size:,}", "limit": f"{settings.UPLOAD_MAX_BYTES:,}"}
            )
        try:
            return archive.open(info)  # type: ignore[return-value]
        except zipfile.BadZipFile as error:
            raise _damaged(error) from error

    return open_member


def _damaged(error: Exception) -> ArchiveError:
    return ArchiveError(_("the archive is damaged at this file (%(why)s); pack it again") % {"why": error})


def _is_clutter(info: zipfile.ZipInfo) -> bool:
    """Folders, and what systems leave behind unasked."""
    parts = PurePosixPath(info.filename.replace("\\", "/")).parts
    return info.is_dir() or not parts or parts[-1].startswith(".") or parts[0] == "__MACOSX"


def _rewound(file: SentFile) -> BinaryIO:
    file.seek(0)
    return file  # type: ignore[return-value]


def _unusable(name: str, error: InputError) -> ReceivedFile:
    def refuse() -> BinaryIO:
        raise error

    return ReceivedFile(name, refuse)
