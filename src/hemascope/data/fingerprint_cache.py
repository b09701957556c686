"""Fingerprints that are kept in a file, so that a dataset is read once for many trainings."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hemascope.data.duplicates import Fingerprint, fingerprints
from hemascope.errors import OutputError

FILE_NAME = "fingerprints.json"


def cached_fingerprints(
    paths: Sequence[Path], cache: Path | None, on_image: Callable[[object], None] = lambda _done: None
) -> list[Fingerprint]:
    """One a path, in its order; those whose file has the size and time noted in `cache` are not read again.

    A cache that cannot be read is made anew, None keeps nothing. Raises OutputError where it cannot be written.
    """
    known = {} if cache is None else _read(cache)
    stamps = [_stamp(path) for path in paths]
    unknown = [i for i, (path, stamp) in enumerate(zip(paths, stamps, strict=True)) if _lacks(known, path, stamp)]
    fresh = fingerprints([paths[i] for i in unknown], on_image)
    for i, found in zip(unknown, fresh, strict=True):
        bits = None if found.perceptual is None else np.packbits(found.perceptual).tobytes().hex()
        known[str(paths[i].resolve())] = [stamps[i], found.sha256, bits]
    if unknown and cache is not None:
        partial = cache.with_suffix(".partial")
        try:
            cache.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(known), encoding="utf-8")
            partial.replace(cache)
        except OSError as error:
            raise OutputError(f"cannot write {cache}: {error}") from error
    return [_fingerprint(known[str(path.resolve())]) for path in paths]


def _read(cache: Path) -> dict[str, list[str | None]]:
    try:
        content = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "missing"
    return f"{status.st_size} {status.st_mtime_ns}"


def _lacks(known: dict[str, list[str | None]], path: Path, stamp: str) -> bool:
    entry = known.get(str(path.resolve()))
    return not isinstance(entry, list) or len(entry) != 3 or entry[0] != stamp


def _fingerprint(entry: list[str | None]) -> Fingerprint:
    _, sha256, bits = entry
    if bits is None:
        return Fingerprint(sha256, None, fault="cannot be read")
    flags = np.unpackbits(np.frombuffer(bytes.fromhex(bits), np.uint8)).astype(bool)
    return Fingerprint(sha256, flags.reshape(16, 16))
