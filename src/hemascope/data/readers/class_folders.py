"""Any folder of pictures in one folder a class, with or without a folder a part around them."""

from pathlib import Path

from hemascope.data.readers.manifest_table import WHOLE
from hemascope.data.sample import CellDataset, CellSample
from hemascope.errors import DatasetError

PARTS = ("train", "val", "test")  # names of folders that hold folders of classes
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


def read_cells(root: Path, split: str) -> CellDataset:
    """`root/CLASS/*.png`, whose only split is `all`, or `root/train/CLASS/*.png` and so on.

    The class is called as its folder, every image is its own group. Raises DatasetError for a folder without pictures
    and for a split that it has not.
    """
    folders = {path.name: path for path in sorted(root.iterdir()) if path.is_dir()} if root.is_dir() else {}
    parts = {name: folders[name] for name in PARTS if name in folders}
    if parts and set(folders) - set(parts):
        raise DatasetError(f"{root} holds parts ({', '.join(parts)}) and other folders; keep one kind")
    places = parts or {WHOLE: root}
    if split not in (WHOLE, *places):
        raise DatasetError(f"{root} has no split '{split}'; its splits: {', '.join(dict.fromkeys((*places, WHOLE)))}")
    found = {part: pictures_by_folder(place) for part, place in places.items()}
    classes = tuple(sorted({name for pictures in found.values() for name in pictures}))
    if not classes:
        raise DatasetError(f"{root} holds no pictures in folders of classes; expected {root}/CLASS/picture.png")
    name = root.resolve().name
    samples = tuple(
        CellSample(path, label, name, path.relative_to(root).as_posix())
        for part, pictures in found.items()
        if split in (part, WHOLE)
        for label, paths in pictures.items()
        for path in paths
    )
    return CellDataset(name, classes, samples)


def pictures_by_folder(root: Path) -> dict[str, list[Path]]:
    """The pictures of each folder in `root`, both in alphabetical order; folders without one are left out."""
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    pictures = {folder.name: sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES) for folder in folders}
    return {name: paths for name, paths in pictures.items() if paths}
