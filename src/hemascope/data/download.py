"""One file over HTTP, which goes on where a broken download ended."""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from hemascope.data.catalogue import RemoteFile
from hemascope.errors import DownloadError, output_errors

TIMEOUT_S = 60
TRIES = 3  # in one call; each goes on where the one before broke
_BLOCK_BYTES: Final = 256 * 1024
_DONE_ALREADY = 416  # Range Not Satisfiable: all bytes are there
_PARTIAL = 206

Progress = Callable[[str, int, int], None]  # what, how much is done, of how much (0: unknown)


def no_progress(_what: str, _done: int, _all: int) -> None:
    """For callers that nobody watches."""


class _Response(Protocol):
    status: int
    headers: http.client.HTTPMessage

    def read(self, size: int, /) -> bytes: ...


class _BrokenOffError(Exception):
    """The connection ended early; what came is kept."""


def download(file: RemoteFile, target: Path, progress: Progress = no_progress) -> str:
    """Fetches `file` to `target` and returns its SHA-256.

    Bytes go to `<target>.part`, which a later call continues if the server still has the same file; a server that
    cannot continue starts again. Raises DownloadError where the server cannot be reached or refuses, breaks off
    `TRIES` times, or sends another file than the checksum or size promises; OutputError for a full disk.
    """
    if not file.url.startswith(("http://", "https://")):
        raise DownloadError(f"'{file.url}' is no web address; expected http:// or https://")
    part = target.with_name(f"{target.name}.part")
    for attempt in range(1, TRIES + 1):
        try:
            with output_errors(part):
                _continue(file, part, progress)
            break
        except _BrokenOffError as error:
            if attempt == TRIES:
                kept = part.stat().st_size if part.exists() else 0
                raise DownloadError(
                    f"the download of {file.url} broke off {TRIES} times ({error}); {kept:,} bytes are kept in "
                    f"'{part}': run the command again to go on"
                ) from error
    return _verified(file, part, target)


def _continue(file: RemoteFile, part: Path, progress: Progress) -> None:
    """One request; appends to `part` or replaces it. Raises _BrokenOffError, DownloadError or OSError of the disk."""
    mark = part.with_name(f"{part.name}.etag")  # what the bytes of `part` are a beginning of
    have = part.stat().st_size if part.exists() and mark.exists() else 0
    request = urllib.request.Request(file.url, headers={"User-Agent": "hemascope"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", mark.read_text(encoding="utf-8"))
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            _store(response, part, mark, have, progress)
    except urllib.error.HTTPError as error:
        if error.code == _DONE_ALREADY and have:
            return
        raise DownloadError(f"{file.url} answers {error.code} {error.reason}; look at the dataset's page") from error
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise _BrokenOffError(str(error) or type(error).__name__) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionResetError):
            raise _BrokenOffError(str(error.reason)) from error
        raise DownloadError(
            f"{file.url} cannot be reached ({error.reason}); this machine may be offline: download the file elsewhere, "
            "unpack it and import the folder with --from FOLDER"
        ) from error


def _store(response: _Response, part: Path, mark: Path, have: int, progress: Progress) -> None:
    goes_on = response.status == _PARTIAL and have > 0
    if not goes_on:
        have = 0
        part.unlink(missing_ok=True)
        mark.unlink(missing_ok=True)
        validator = response.headers.get("ETag") or response.headers.get("Last-Modified")
        if validator and not validator.startswith("W/"):  # a weak one does not promise the same bytes
            mark.write_text(validator, encoding="utf-8")
    length = response.headers.get("Content-Length")
    total = have + int(length) if length and length.isdigit() else 0
    with part.open("ab") as out:
        while block := _read(response):
            out.write(block)
            have += len(block)
            progress(part.name.removesuffix(".part"), have, total)
    if total and have < total:
        raise _BrokenOffError(f"{have:,} of {total:,} bytes came")


def _read(response: _Response) -> bytes:
    """The next bytes; what the network does wrong is told apart from what the disk does."""
    try:
        return response.read(_BLOCK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(str(error) or type(error).__name__) from error


def _verified(file: RemoteFile, part: Path, target: Path) -> str:
    with output_errors(part):
        size = part.stat().st_size
        with part.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        faults = []
        if file.size_bytes is not None and size != file.size_bytes:
            faults.append(f"{size:,} bytes, expected {file.size_bytes:,}")
        if file.sha256 is not None and found != file.sha256:
            faults.append(f"sha256 {found[:12]}..., expected {file.sha256[:12]}...")
        part.with_name(f"{part.name}.etag").unlink(missing_ok=True)
        if faults:
            part.unlink()
            raise DownloadError(
                f"{file.url} is not the file that the catalogue names: {'; '.join(faults)}; nothing was kept. It may "
                "have been replaced: compare with the dataset's page"
            )
        part.replace(target)
    return found
