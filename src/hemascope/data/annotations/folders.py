"""Image folders: the class of an image is the folder it lies in, `<class>/*` or `<split>/<class>/*`."""

from collections.abc import Generator
from pathlib import Path
from typing import Final

from hemascope.data.annotations.document import clean_label, files_below
from hemascope.data.annotations.record import AnnotatedImage
from hemascope.data.annotations.target import Target
from hemascope.errors import DatasetError

IMAGE_EXTENSIONS: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
SPLIT_NAMES: Final = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})


def read_folders(root: Path) -> Generator[AnnotatedImage, None, None]:
    """Images in the order of their paths; names starting with a dot are passed over.

    Raises DatasetError when an image lies outside of a class folder.
    """
    folders = _subfolders(root)
    has_splits = bool(folders) and {folder.name.casefold() for folder in folders} <= SPLIT_NAMES
    for path in image_files(root):
        parts = path.relative_to(root).parts
        if len(parts) < 2 + has_splits:
            raise DatasetError(
                f"{path} lies in no class folder; expected {root}/{'<split>/' if has_splits else ''}<class>/{path.name}"
            )
        try:
            label = clean_label(parts[has_splits])
        except ValueError as error:
            raise DatasetError(f"{path}: {error}") from error
        split = parts[0] if has_splits else None
        yield AnnotatedImage(path, "/".join(parts), label=label, split=split, is_absolute=False, origin=str(path))


def image_files(folder: Path) -> list[Path]:
    """Files with the extension of an image in and below a folder, sorted, hidden ones left out."""
    return [path for path in files_below(folder, "*") if path.suffix.lower() in IMAGE_EXTENSIONS]


class FolderWriter:
    """Copies or links every image into the folder of its class, within the folder of its split where it has one."""

    def __init__(self, target: Target) -> None:
        if target.images == "keep":
            raise DatasetError(
                "image folders say the class by where an image lies; add --copy-images, or --link-images to save space"
            )
        self._target = target
        self._has_splits: bool | None = None

    def add(self, record: AnnotatedImage) -> None:
        label = _as_folder_name(record.label or "", record)
        if self._has_splits not in (None, record.split is not None):
            raise DatasetError(f"{record.image} ({record.origin}) has no split, but others have; give each image one")
        self._has_splits = record.split is not None
        parents = [label] if record.split is None else [_as_folder_name(record.split, record), label]
        name = record.name.split("/")
        name = name[len(parents) :] if name[: len(parents)] == parents else name  # it came from such a folder
        self._target.place(record, "/".join([*parents, *name]))

    def close(self) -> None:
        """Nothing is left to write."""


def _as_folder_name(text: str, record: AnnotatedImage) -> str:
    if not text or text.startswith(".") or any(character in '/\\:*?"<>|' for character in text) or text[-1] in ". ":
        raise DatasetError(f"{record.origin}: {text!r} cannot be the name of a folder; rename the class")
    return text


def _subfolders(root: Path) -> list[Path]:
    try:
        return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise DatasetError(f"{root} cannot be listed: {error.strerror}; give the folder of the images") from error
