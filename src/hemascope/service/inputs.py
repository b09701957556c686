"""From what the caller named (files, folders, globs) to a list of image files; the unusable is named, never fatal.

Paths stay the text the caller wrote (`./a.png`), so that scripts find their own names in the outputs.
"""

import glob
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hemascope.errors import InputError, InputNotFoundError, InputUnreadableError
from hemascope.service.file_names import shown_path, unique_stems
from hemascope.service.problems import InputProblem

# Inside folders only these are taken, so that notes and label files lying there are not reported as broken images.
# A file named directly is always tried: its content decides.
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".bmp", ".webp"})


@dataclass(frozen=True, slots=True)
class InputFile:
    """`shown` is the path as text for people and tables; `stem` names the outputs and is unique in its `Inputs`."""

    path: Path
    shown: str
    stem: str


@dataclass(frozen=True, slots=True)
class Inputs:
    files: tuple[InputFile, ...]
    problems: tuple[InputProblem, ...]


def collect_inputs(names: Sequence[str], *, exclude: Path | None = None) -> Inputs:
    """Files in the order named; folders (recursive) and globs in natural order; each real file once.

    Hidden files and the folder `exclude` (an earlier output lying inside an input folder) are passed over in silence.
    """
    collection = _Collection(excluded=os.path.realpath(exclude) if exclude else None)
    for name in names:
        collection.add(name)
    stems = unique_stems(collection.paths)
    files = tuple(
        InputFile(Path(path), shown_path(path), stem) for path, stem in zip(collection.paths, stems, strict=True)
    )
    return Inputs(files, tuple(collection.problems))


@dataclass(slots=True)
class _Collection:
    excluded: str | None
    paths: list[str] = field(default_factory=list)
    problems: list[InputProblem] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def add(self, name: str) -> None:
        if name and Path(name).is_dir():  # Path("") would be the current folder
            self._add_folder(name)
        elif os.path.lexists(name):
            self._add_file(name)
        elif glob.has_magic(name):
            matches = sorted(glob.glob(name, recursive=True), key=natural_key)  # noqa: PTH207  Path.glob takes no absolute pattern
            if not matches:
                self._report(name, InputNotFoundError(f"no file matches '{shown_path(name)}'"))
            for match in matches:
                if Path(match).is_dir():
                    if "**" not in name:  # with ** the files below are matches themselves
                        self._add_folder(match)
                elif _has_image_suffix(match):
                    self._add_file(match)
        else:
            self._report(name, InputNotFoundError(f"'{shown_path(name)}' does not exist; check the path"))

    def _add_folder(self, folder: str) -> None:
        before = len(self._seen), len(self.problems)
        for path in _walk_images(folder, self.excluded, self._report_unreadable):
            self._add_file(path)
        if (len(self._seen), len(self.problems)) == before and not self._holds_seen(folder):
            suffixes = " ".join(sorted(IMAGE_SUFFIXES))
            text = f"the folder '{shown_path(folder)}' holds no image; looked for {suffixes}, folders below included"
            self._report(folder, InputNotFoundError(text))

    def _holds_seen(self, folder: str) -> bool:
        """Whether an image of this folder was already taken under another name."""
        root = os.path.realpath(folder) + os.sep
        return any(real.startswith(root) for real in self._seen)

    def _add_file(self, path: str) -> None:
        real = os.path.realpath(path)
        if real in self._seen:
            return
        self._seen.add(real)
        if Path(real).exists() and not Path(real).is_file():  # opening a pipe or device could wait for ever
            self._report(path, InputUnreadableError(f"'{shown_path(path)}' is no regular file"))
        else:
            self.paths.append(path)

    def _report_unreadable(self, error: OSError) -> None:
        folder = str(error.filename)
        text = f"the folder '{shown_path(folder)}' cannot be read: {error.strerror}; check its permissions"
        self._report(folder, InputUnreadableError(text))

    def _report(self, path: str, error: InputError) -> None:
        self.problems.append(InputProblem.from_error(shown_path(path), error))


def _walk_images(folder: str, excluded: str | None, on_error: Callable[[OSError], None]) -> Iterator[str]:
    """Image paths below `folder`; links to folders are followed, each real folder is entered once."""
    entered: set[str] = set()
    for root, folders, files in os.walk(folder, onerror=on_error, followlinks=True):
        real = os.path.realpath(root)
        if real in entered or real == excluded:
            folders.clear()
            continue
        entered.add(real)
        folders[:] = sorted((name for name in folders if not name.startswith(".")), key=natural_key)
        for name in sorted(files, key=natural_key):
            if not name.startswith(".") and _has_image_suffix(name):
                yield os.path.join(root, name)  # noqa: PTH118  Path would drop a leading ./


def _has_image_suffix(name: str) -> bool:
    return Path(name).suffix.lower() in IMAGE_SUFFIXES


def natural_key(name: str) -> tuple[tuple[tuple[bool, int, str], ...], str]:
    """Sorts `field2` before `field10`, upper and lower case together."""
    parts = re.findall(r"([0-9]+)|([^0-9]+)", name.casefold())
    return tuple((not digits, int(digits or 0), text) for digits, text in parts), name
