"""How annotation files name images: read from any system, written so that they still point at the same file."""

import os
import re
from functools import lru_cache
from pathlib import Path, PurePosixPath

_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:/")


def resolve_reference(reference: str, folder: Path) -> Path:
    """The file that `reference` means when it stands in a file of `folder`; backslashes count as separators."""
    return folder / reference.replace("\\", "/")


def is_absolute_reference(reference: str) -> bool:
    path = reference.replace("\\", "/")
    return path.startswith("/") or _WINDOWS_DRIVE.match(path) is not None


def dataset_name(reference: str) -> str:
    """`reference` as a relative name that leads nowhere else: `../data/a.jpg` and `C:\\data\\a.jpg` give `data/a.jpg`.

    Raises ValueError when no file name is left.
    """
    path = _WINDOWS_DRIVE.sub("", reference.replace("\\", "/"), count=1)
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "//", "..", ".")]
    if not parts or "\0" in path:
        raise ValueError(f"{reference[:60]!r} names no image file")
    return "/".join(parts)


def reference_from(folder: Path, image: Path, *, is_absolute: bool) -> str:
    """`image` as a file in `folder` names it, with `/`; absolute where asked for or where no relative path exists."""
    target = _real_folder(image.parent) / image.name
    if is_absolute:
        return target.as_posix()
    try:
        return Path(os.path.relpath(target, _real_folder(folder))).as_posix()
    except ValueError:  # another drive of Windows
        return target.as_posix()


@lru_cache(maxsize=256)
def _real_folder(folder: Path) -> Path:
    """Links are followed, because `..` behind a link leads elsewhere."""
    return Path(os.path.realpath(folder))
