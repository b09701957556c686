"""Which images a YOLO dataset has, where their label files are and what its class numbers mean."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from hemascope.data.annotations.document import clean_label, files_below, read_text
from hemascope.data.annotations.folders import image_files
from hemascope.errors import DatasetError

NAME_FILES: Final = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names", "labels/classes.txt")
IMAGE_TABLE: Final = "images.csv"  # of our own, where images were not brought into the dataset
IMAGE_TABLE_COLUMNS: Final = ("image", "labels", "split")
_SPLIT_KEYS = ("train", "val", "valid", "test")


@dataclass(frozen=True, slots=True)
class YoloImage:
    image: Path
    labels: Path  # need not exist: an image without objects
    name: str
    split: str | None
    reference: str = ""  # as written in the image table


def find_name_file(root: Path) -> Path | None:
    """The file that names the classes: `root` itself, or one of `NAME_FILES` in it, or its only `*.yaml`."""
    if root.is_file():
        return root
    for name in NAME_FILES:
        if (root / name).is_file():
            return root / name
    others = sorted(root.glob("*.yaml"))
    return others[0] if len(others) == 1 else None


def read_names(path: Path) -> tuple[str, ...]:
    """Class names in the order of their numbers, from `names:` of a YAML file or the lines of a text file."""
    text = read_text(path)
    if path.suffix in (".yaml", ".yml"):
        names = load_yaml(path).get("names")
        if isinstance(names, dict):
            if sorted(names) != list(range(len(names))):
                raise DatasetError(f"{path}: names: the numbers must be 0, 1, 2 ... without gaps")
            names = [names[number] for number in range(len(names))]
        if not isinstance(names, list):  # an empty one is right where no image has a box
            raise DatasetError(f"{path}: names: expected a list of class names")
    else:
        names = [line for line in text.splitlines() if line.strip()]
    try:
        labels = tuple(clean_label(str(name)) for name in names)
    except ValueError as error:
        raise DatasetError(f"{path}: names: {error}") from error
    if len(set(labels)) < len(labels):
        raise DatasetError(f"{path}: a class name comes twice; give each number its own")
    return labels


def load_yaml(path: Path) -> dict[str, Any]:
    """Raises DatasetError when it is no YAML table."""
    try:
        content = yaml.safe_load(read_text(path))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DatasetError(f"{path}: no valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise DatasetError(f"{path}: expected a table with the keys names, train, val")
    return content


def list_images(root: Path, name_file: Path | None) -> Iterator[YoloImage]:
    """Images of the dataset in the order of its splits and of their paths.

    Raises DatasetError when a listed folder is missing or a label file belongs to no image.
    """
    folder = root.parent if root.is_file() else root
    if (folder / IMAGE_TABLE).is_file():
        yield from _from_table(folder)
        return
    config = load_yaml(name_file) if name_file is not None and name_file.suffix in (".yaml", ".yml") else {}
    splits = {key: value for key, value in config.items() if value and _is_split(key, value)}
    if not splits:
        yield from _from_folder(folder, folder, None)
        _check_orphans(folder)
        return
    base = folder / str(config.get("path") or "")
    base = base if base.is_dir() else folder  # `path` of another machine
    keys_of: dict[str, list[str]] = {}
    for key, value in splits.items():
        for entry in value if isinstance(value, list) else [value]:
            keys_of.setdefault(str(entry), []).append(key)
    for entry, keys in keys_of.items():  # tools want train and val: where both are one folder, there is no split
        yield from _from_entry(folder, base, entry, keys[0] if len(keys) == 1 else None)


def _is_split(key: object, value: object) -> bool:
    return key in _SPLIT_KEYS or value == f"images/{key}"


def _from_entry(folder: Path, base: Path, entry: str, split: str | None) -> Iterator[YoloImage]:
    place = base / entry
    if not place.exists() and entry.startswith("../"):  # as Roboflow writes it
        place = base / entry.removeprefix("../")
    if place.is_dir():
        yield from _from_folder(folder, place, split)
    elif place.is_file() and place.suffix == ".txt":
        for line in filter(None, (line.strip() for line in read_text(place).splitlines())):
            image = place.parent / line
            yield YoloImage(image, _labels_of(image), _name_in(folder, image), split)
    else:
        raise DatasetError(f"the YOLO dataset {folder} names '{entry}', which is neither a folder nor a list of images")


def _from_folder(folder: Path, place: Path, split: str | None) -> Iterator[YoloImage]:
    for image in image_files(place):
        yield YoloImage(image, _labels_of(image), _name_in(folder, image), split)


def _from_table(folder: Path) -> Iterator[YoloImage]:
    path = folder / IMAGE_TABLE
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                image, labels = row["image"], row["labels"]
                suffix = Path(image).suffix
                name = Path(labels).relative_to("labels").with_suffix("").as_posix() + suffix
                yield YoloImage(folder / image, folder / labels, name, row["split"] or None, image)
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{path}: expected the columns {', '.join(IMAGE_TABLE_COLUMNS)}: {error!r}") from error


def _labels_of(image: Path) -> Path:
    """The rule of YOLO tools: the last folder `images` becomes `labels`; beside the image where there is none."""
    parts = list(image.parent.parts)
    for index in reversed(range(len(parts))):
        if parts[index] == "images":
            parts[index] = "labels"
            break
    return Path(*parts) / f"{image.stem}.txt"


def _name_in(folder: Path, image: Path) -> str:
    try:
        name = image.relative_to(folder).as_posix()
    except ValueError:
        name = image.name
    return name.removeprefix("images/")


def _check_orphans(folder: Path) -> None:
    known = {str(_labels_of(image)) for image in image_files(folder)}
    for path in files_below(folder, "*.txt"):
        if path.parent.name == "labels" and path.name not in NAME_FILES and str(path) not in known:
            raise DatasetError(
                f"{path} describes no image in {folder}; YOLO boxes are parts of an image's size, so put the images "
                "into 'images', beside 'labels'"
            )
