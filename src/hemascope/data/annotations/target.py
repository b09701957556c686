"""Where a writer writes: the folder, the images in it, how files name them."""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal, Protocol

from hemascope.data.annotations.record import AnnotatedImage
from hemascope.data.annotations.reference import reference_from
from hemascope.errors import DatasetError

ImageHandling = Literal["keep", "copy", "link"]


@dataclass(frozen=True, slots=True)
class Target:
    """A conversion writes into `folder` and renames it to `home` at the end; files name images as seen from `home`."""

    folder: Path
    home: Path
    document: str = ""  # file name, of formats that write one document
    classes: tuple[str, ...] = ()  # names that come first, in this order, where the format numbers classes
    images: ImageHandling = "keep"

    def place(self, record: AnnotatedImage, file: str) -> AnnotatedImage:
        """Brings the image to `file` in the folder if images are copied or linked; the record that points to it.

        Raises DatasetError when the image is missing or two images want one place, OSError when the disk is full.
        """
        if self.images == "keep":
            return record
        place = self.folder / file
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            raise DatasetError(f"two images would both become '{file}', one of them {record.image}; rename one")
        try:
            if self.images == "link":
                os.link(os.path.realpath(record.image), place)
            else:
                shutil.copyfile(record.image, place)
        except FileNotFoundError as error:
            raise DatasetError(f"the image {record.image} does not exist ({record.origin}); put it there") from error
        except OSError as error:
            if self.images == "link":
                raise DatasetError(
                    f"{record.image} cannot be linked into '{self.home}' ({error.strerror}); use --copy-images"
                ) from error
            raise
        return replace(record, image=self.home / file, is_absolute=False)

    def reference(self, record: AnnotatedImage, subfolder: str = "") -> str:
        """How a file in `subfolder` names the image."""
        return reference_from(self.home / subfolder, record.image, is_absolute=record.is_absolute)

    def create(self, file: str, record: AnnotatedImage) -> IO[str]:
        """A new text file in the folder; DatasetError where another image, such as a.png beside a.jpg, has it."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return path.open("x", encoding="utf-8", newline="\n")
        except FileExistsError as error:
            raise DatasetError(
                f"two images would both be described in '{file}', one of them {record.image} ({record.origin}); "
                "rename one, as images that differ in their extension only cannot be told apart there"
            ) from error


class Writer(Protocol):
    """Takes records that fit the format one by one; `close` completes the files."""

    def add(self, record: AnnotatedImage) -> None: ...

    def close(self) -> None: ...


def image_place(name: str, folder: str = "images") -> str:
    """`folder/name`, the folder not doubled."""
    return name if name.startswith(f"{folder}/") else f"{folder}/{name}"


def with_extension(name: str, extension: str) -> str:
    """`a/b.jpg` and `.json` give `a/b.json`; a name without extension keeps all of itself."""
    stem, dot, last = name.rpartition(".")
    return f"{name if not dot or '/' in last or not stem else stem}{extension}"
