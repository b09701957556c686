"""The formats by name: what each can hold, its reader and its writer; which one a path holds."""

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, get_args

import ijson

from hemascope.data.annotations.coco import read_coco, read_coco_classes
from hemascope.data.annotations.coco_writer import CocoWriter
from hemascope.data.annotations.document import files_below
from hemascope.data.annotations.folders import IMAGE_EXTENSIONS, FolderWriter, read_folders
from hemascope.data.annotations.labelme import read_labelme
from hemascope.data.annotations.labelme_writer import LabelmeWriter
from hemascope.data.annotations.losses import Holds
from hemascope.data.annotations.record import AnnotatedImage, ShapeKind, geometry_fault
from hemascope.data.annotations.table import (
    BoxTableWriter,
    ImageTableWriter,
    read_box_table,
    read_image_table,
    table_columns,
)
from hemascope.data.annotations.target import Target, Writer
from hemascope.data.annotations.voc import VOC_SHAPE_KEYS, VocWriter, read_voc
from hemascope.data.annotations.yolo import PRECISION_PX, YoloWriter, read_yolo, read_yolo_classes
from hemascope.data.annotations.yolo_files import find_name_file
from hemascope.errors import DatasetError

_ALL_KINDS: Final[frozenset[ShapeKind]] = frozenset(get_args(ShapeKind))
_ALL_MARKS: Final = frozenset({"difficult", "truncated", "crowd"})


@dataclass(frozen=True, slots=True)
class Format:
    """One format; `read` takes the input path, for a format of one document the document itself."""

    holds: Holds
    read: Callable[[Path], Generator[AnnotatedImage, None, None]]
    writer: Callable[[Target], Writer]
    document: str = ""  # name of the file in an output folder, of formats that write one
    sizes: Literal["needed", "wanted", "no"] = "no"  # of images, in an output


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "labelme": Format(
            Holds(
                kinds=_ALL_KINDS,
                has_scores=True,
                has_descriptions=True,
                has_flags=True,
                has_group_ids=True,
                marks=_ALL_MARKS,
                shape_keys=None,
                has_image_keys=True,
                has_image_labels=True,
                has_splits=True,
                has_groups=True,
                has_embedded_images=True,
            ),
            read_labelme,
            LabelmeWriter,
            sizes="wanted",
        ),
        "coco": Format(
            Holds(
                kinds=frozenset({"box", "polygon"}),
                precision_px=1e-6,
                has_scores=True,
                has_descriptions=True,
                has_flags=True,
                has_group_ids=True,
                marks=_ALL_MARKS,
                shape_keys=None,
                has_image_keys=True,
                has_image_labels=True,
                has_splits=True,
                has_groups=True,
            ),
            read_coco,
            CocoWriter,
            "annotations.json",
            "wanted",
        ),
        "voc": Format(
            Holds(marks=frozenset({"difficult", "truncated"}), shape_keys=VOC_SHAPE_KEYS),
            read_voc,
            VocWriter,
            sizes="wanted",
        ),
        "yolo": Format(
            Holds(
                kinds=frozenset({"box", "polygon"}), precision_px=PRECISION_PX, has_splits=True, stays_inside=True
            ),
            read_yolo,
            YoloWriter,
            sizes="needed",
        ),
        "csv": Format(
            Holds(
                has_scores=True,
                has_descriptions=True,
                has_group_ids=True,
                marks=_ALL_MARKS,
                has_splits=True,
                has_groups=True,
            ),
            read_box_table,
            BoxTableWriter,
            "annotations.csv",
        ),
        "csv-images": Format(
            Holds(kinds=frozenset(), has_image_labels=True, has_splits=True, has_groups=True),
            read_image_table,
            ImageTableWriter,
            "images.csv",
        ),
        "folders": Format(
            Holds(kinds=frozenset(), has_image_labels=True, has_unlabelled_images=False, has_splits=True),
            read_folders,
            FolderWriter,
        ),
    }
)  # fmt: skip


def read_annotations(
    path: Path, fmt: str | None = None, *, classes: Sequence[str] = (), check: bool = True
) -> Generator[AnnotatedImage, None, None]:
    """The images of a file or folder, one by one; `fmt` None guesses the format.

    `classes` names the class numbers of a YOLO dataset that does not. `check` False gives boxes that are inverted,
    empty or not finite as they are, for those who look for them. Raises DatasetError, while the images are taken too.
    """
    name = fmt or guess_format(path)
    source = _source(path, find_format(name), name)
    records = read_yolo(source, classes) if name == "yolo" else FORMATS[name].read(source)
    is_empty = True
    with closing(records):
        for record in records:
            is_empty = False
            if check:
                _check_geometry(record)
            yield record
    if is_empty:
        raise DatasetError(f"{path} holds no {name} annotations; found {_contents(path)}; see --from")


def declared_classes(path: Path, fmt: str) -> tuple[str, ...]:
    """Class names in the order that the dataset itself gives them; nothing for formats that do not list them."""
    if fmt == "coco":
        return read_coco_classes(_source(path, FORMATS[fmt], fmt))
    return read_yolo_classes(path) if fmt == "yolo" else ()


def find_format(name: str) -> Format:
    """The entry of `FORMATS`. Raises DatasetError that lists the names."""
    if name not in FORMATS:
        raise DatasetError(f"no annotation format '{name}'; known: {', '.join(FORMATS)}")
    return FORMATS[name]


def guess_format(path: Path) -> str:
    """The one format that the content of `path` fits. Raises DatasetError that says what was found otherwise."""
    if not path.exists():
        raise DatasetError(f"{path} does not exist; check the path")
    found = _formats_in_folder(path) if path.is_dir() else {_format_of_file(path)} - {""}
    if len(found) == 1:
        return found.pop()
    listing = f"found {_contents(path)}"
    if found:
        raise DatasetError(f"{path} looks like {' and '.join(sorted(found))} ({listing}); choose one with --from")
    raise DatasetError(
        f"{path} looks like no known annotations ({listing}); name the format with --from: {', '.join(FORMATS)}"
    )


def _formats_in_folder(folder: Path) -> set[str]:
    found = {_format_of_file(path) for pattern in ("*.json", "*.csv", "*.xml") for path in _some(folder, pattern)}
    name_file = find_name_file(folder)
    if (folder / "labels").is_dir() or (name_file is not None and any(_some(folder, "*.txt"))):
        found |= {"yolo"}
    found -= {""}
    if len(found) > 1:
        found -= {"csv-images"}  # a list of the images beside their annotations, such as a split
    if found:
        return found
    images_below = (path for path in folder.glob("*/*") if path.suffix.lower() in IMAGE_EXTENSIONS)
    deeper = (path for path in folder.glob("*/*/*") if path.suffix.lower() in IMAGE_EXTENSIONS)
    return {"folders"} if any(images_below) or any(deeper) else set()


def _some(folder: Path, pattern: str) -> list[Path]:
    """Files that tell a format, and no more than a few of one that has a file an image."""
    return files_below(folder, pattern)[:5]


def _format_of_file(path: Path) -> str:
    """Name of the format, or "" for a file of another kind."""
    suffix = path.suffix.lower()
    if suffix == ".xml":
        return "voc"
    if suffix in (".yaml", ".yml"):
        return "yolo"
    try:
        if suffix == ".csv":
            columns = set(table_columns(path))
            boxes = columns >= {"image", "label", "x1", "y1", "x2", "y2"}
            return "csv" if boxes else "csv-images" if columns >= {"image", "label"} else ""
        return _format_of_json(path) if suffix == ".json" else ""
    except DatasetError:
        return ""


def _format_of_json(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if file.read(3) != b"\xef\xbb\xbf":
                file.seek(0)
            for prefix, event, value in ijson.parse(file):
                if prefix == "" and event == "map_key" and value in ("shapes", "imagePath", "imageData"):
                    return "labelme"
                if prefix == "" and event == "map_key" and value in ("images", "annotations", "categories"):
                    return "coco"
    except (OSError, ijson.JSONError, UnicodeDecodeError):
        pass
    return ""


def _source(path: Path, form: Format, name: str) -> Path:
    """The document itself, where a folder of one was given."""
    if not form.document or not path.is_dir():
        if not path.exists():
            raise DatasetError(f"{path} does not exist; check the path")
        return path
    if (path / form.document).is_file():
        return path / form.document
    candidates = [file for file in files_below(path, f"*{Path(form.document).suffix}") if _format_of_file(file) == name]
    if len(candidates) == 1:
        return candidates[0]
    listing = ", ".join(str(file.relative_to(path)) for file in candidates[:5])
    raise DatasetError(
        f"{path} holds {len(candidates) or 'no'} {name} files{f' ({listing})' if listing else ''}, found "
        f"{_contents(path)}; give the file itself"
    )


def _contents(path: Path) -> str:
    """`12 .json, 3 .jpg`, most frequent first."""
    if path.is_file():
        return f"the file {path.name}"
    suffixes = Counter(file.suffix.lower() or "without extension" for file in files_below(path, "*"))
    return ", ".join(f"{count} {suffix}" for suffix, count in suffixes.most_common(8)) or "no file"


def _check_geometry(record: AnnotatedImage) -> None:
    for shape in record.shapes:
        fault = geometry_fault(shape)
        if fault is not None:
            raise DatasetError(
                f"{record.origin}: {shape.place} ({shape.kind} '{shape.label}') {fault}; correct or remove it "
                "('hemascope data audit' lists all)"
            )
