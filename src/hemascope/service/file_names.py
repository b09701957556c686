"""File names as text for people, and as safe, unique names for outputs."""

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

MAX_STEM_BYTES = 100  # the file system allows 255; a cell number and a suffix follow the stem
_UNSAFE = re.compile(r'[<>:"/\\|?*\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)  # device names of Windows


def shown_path(path: str | os.PathLike[str]) -> str:
    """Printable UTF-8: bytes that are no UTF-8 and control characters become backslash escapes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def unique_stems(paths: Sequence[str]) -> list[str]:
    """One output name a path: the file's own where it is alone, with its folder or a number where names meet.

    Names differ also where upper and lower case do not count.
    """
    own = [safe_stem(Path(path).stem) for path in paths]
    times = Counter(stem.casefold() for stem in own)
    used: set[str] = set()
    stems = []
    for path, stem in zip(paths, own, strict=True):
        if times[stem.casefold()] > 1:
            folder = Path(path).absolute().parent.name
            stem = safe_stem(f"{folder}_{stem}")
        candidate, number = stem, 1
        while candidate.casefold() in used:
            number += 1
            candidate = f"{stem}-{number}"
        used.add(candidate.casefold())
        stems.append(candidate)
    return stems


def safe_stem(name: str) -> str:
    """`name` as a file name of any system: letters of all scripts stay, too long ones end in a hash of the whole."""
    stem = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip("._ ").lstrip("-=+@") or "image"
    if _RESERVED.fullmatch(stem):
        stem = f"_{stem}"
    if len(stem.encode()) > MAX_STEM_BYTES:
        digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        head = stem.encode()[: MAX_STEM_BYTES - len(digest) - 1].decode("utf-8", "ignore")
        stem = f"{head}~{digest}"
    return stem
