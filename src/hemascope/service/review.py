"""A folder of labelme files while a person looks through it: what the page shows, and what each change writes.

The files stay the only state. A change carries the version of the file that it was made on; where that is not what lies
on disk any more, nothing is written. Keys of other tools, in the file and in each shape, stay as they are.
"""

import csv
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hemascope.data.annotations.document import parse_json
from hemascope.data.annotations.image_size import image_size
from hemascope.data.annotations.labelme import read_labelme_file
from hemascope.data.annotations.record import CONFIRMED_FLAG, PROPOSED_FLAG
from hemascope.errors import AnnotationConflictError, DatasetError, InputError, InputNotFoundError, output_errors
from hemascope.hematology.taxonomy import DETECTION_CLASSES, TAXONOMY, describe_unknown
from hemascope.service.file_names import shown_path
from hemascope.service.output_folder import write_whole
from hemascope.service.proposals import is_done
from hemascope.service.unlabelled import labelme_files

LABELS: Final = (*TAXONOMY, *(name for name in DETECTION_CLASSES if name not in TAXONOMY))
_NEW: Final = "new-"  # ids of boxes that the page drew begin so

Coordinate = Annotated[float, Field(allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ShapeEdit(_Frozen):
    """A shape as it shall be; `box_xyxy` None: the points as they were read."""

    id: Annotated[str, Field(max_length=64)]
    label: Annotated[str, Field(max_length=200)]
    box_xyxy: tuple[Coordinate, Coordinate, Coordinate, Coordinate] | None = None
    is_proposed: bool

    @model_validator(mode="after")
    def _has_an_area(self) -> "ShapeEdit":
        if self.box_xyxy is None:
            return self
        x1, y1, x2, y2 = self.box_xyxy
        if x2 - x1 < 1 or y2 - y1 < 1:
            raise ValueError(f"a box is smaller than one pixel: {self.box_xyxy}")
        return self


class FileEdit(_Frozen):
    """All shapes of a file in their order; what is left out is deleted."""

    shapes: Annotated[tuple[ShapeEdit, ...], Field(max_length=20_000)]
    is_confirmed: bool


class ShownShape(_Frozen):
    id: str
    label: str
    box_xyxy: tuple[float, float, float, float]
    kind: str  # only a box can be moved
    is_proposed: bool
    score: float | None
    description: str


class ShownFile(_Frozen):
    """`version` stands for the bytes on disk."""

    version: str
    name: str
    width: int
    height: int
    is_confirmed: bool
    shapes: tuple[ShownShape, ...]


class ListedFile(_Frozen):
    name: str
    state: Literal["open", "done", "broken"]  # done: nothing in it waits for a person
    boxes: int


@dataclass(slots=True)
class ReviewFolder:
    """The labelme files in and below `folder`, numbered from 0 in a fixed order; safe to use from several threads.

    `first` are files that come first, in their order. Raises InputNotFoundError where there is no labelme file.
    """

    folder: Path
    first: tuple[Path, ...] = ()
    _files: list[Path] = field(init=False)
    _shapes: dict[str, dict[str, Any]] = field(init=False, default_factory=dict)  # by id: the shape as it was read
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        files = labelme_files(self.folder)
        place = {path.resolve(): number for number, path in reversed(list(enumerate(self.first)))}
        self._files = sorted(files, key=lambda file: place.get(file.resolve(), len(place)))
        if not files:
            raise InputNotFoundError(
                f"'{shown_path(self.folder)}' holds no labelme file; make them with 'hemascope annotate propose'"
            )

    def __len__(self) -> int:
        return len(self._files)

    def listing(self) -> tuple[ListedFile, ...]:
        """Every file with its state, read anew."""
        return tuple(self._listed(path) for path in self._files)

    def open(self, number: int) -> ShownFile:
        """Raises InputNotFoundError for another number, DatasetError for a broken file or a missing image."""
        path = self._path(number)
        with self._lock:
            return self._shown(path, number, self._read(path))

    def save(self, number: int, edit: FileEdit, version: str) -> ShownFile:
        """Writes the change whole or not at all, and gives the file as it is then.

        Raises AnnotationConflictError where the file is not at `version`, DatasetError for a label that neither the
        taxonomy nor the file knows, OutputError.
        """
        path = self._path(number)
        with self._lock:
            text, document = self._read(path)
            if _version(text) != version:
                raise AnnotationConflictError(
                    f"'{self._name(path)}' was changed elsewhere (another tab or program) since this page read it; "
                    "nothing was saved: load it again and repeat the change"
                )
            document["shapes"] = [self._edited(shape, path) for shape in edit.shapes]
            document["flags"] = {**(document.get("flags") or {}), CONFIRMED_FLAG: edit.is_confirmed}
            with output_errors(path):
                write_whole(path, f"{json.dumps(document, ensure_ascii=False, indent=1)}\n")
            return self._shown(path, number, self._read(path), [shape.id for shape in edit.shapes])

    def image_path(self, number: int) -> Path:
        """The image that the file names. Raises InputNotFoundError or DatasetError."""
        return read_labelme_file(self._path(number)).image

    def _path(self, number: int) -> Path:
        if not 0 <= number < len(self._files):
            raise InputNotFoundError(f"there is no file number {number}; they go from 0 to {len(self._files) - 1}")
        return self._files[number]

    def _name(self, path: Path) -> str:
        return shown_path(path.relative_to(self.folder))

    @staticmethod
    def _read(path: Path) -> tuple[bytes, dict[str, Any]]:
        """The bytes and the checked document."""
        read_labelme_file(path)
        try:
            return path.read_bytes(), parse_json(path)
        except OSError as error:
            raise DatasetError(f"{path} cannot be read: {error.strerror}") from error

    def _listed(self, path: Path) -> ListedFile:
        try:
            record = read_labelme_file(path)
        except InputError:
            return ListedFile(name=self._name(path), state="broken", boxes=0)
        return ListedFile(name=self._name(path), state="done" if is_done(record) else "open", boxes=len(record.shapes))

    def _shown(
        self, path: Path, number: int, content: tuple[bytes, dict[str, Any]], ids: list[str] | None = None
    ) -> ShownFile:
        """`ids` are those that the page knows the shapes by; without them they get new ones."""
        text, document = content
        record = read_labelme_file(path)
        version = _version(text)
        ids = ids or [f"{number}-{version[:12]}-{i}" for i in range(len(record.shapes))]
        for shape_id, raw in zip(ids, document["shapes"], strict=True):
            self._shapes.setdefault(shape_id, raw)
        width, height = (record.width, record.height) if record.width and record.height else image_size(record.image)
        return ShownFile(
            version=version,
            name=self._name(path),
            width=width,
            height=height,
            is_confirmed=record.flags.get(CONFIRMED_FLAG, False),
            shapes=tuple(
                ShownShape(
                    id=shape_id,
                    label=shape.label,
                    box_xyxy=shape.box_xyxy,
                    kind=shape.kind,
                    is_proposed=shape.flags.get(PROPOSED_FLAG, False),
                    score=shape.score,
                    description=shape.description,
                )
                for shape_id, shape in zip(ids, record.shapes, strict=True)
            ),
        )

    def _edited(self, edit: ShapeEdit, path: Path) -> dict[str, Any]:
        """The shape as it was read, with what the page changes."""
        raw = deepcopy(self._shapes.get(edit.id))
        if raw is None:
            if not edit.id.startswith(_NEW) or edit.box_xyxy is None:
                raise AnnotationConflictError(
                    f"'{self._name(path)}' has no shape '{edit.id}'; nothing was saved: load the file again"
                )
            raw = _new_shape()
        if edit.label != raw["label"] and edit.label not in LABELS:
            raise DatasetError(f"unknown cell class {describe_unknown(edit.label, LABELS)}")
        raw["label"] = edit.label
        flags = dict(raw.get("flags") or {})
        if edit.is_proposed != flags.get(PROPOSED_FLAG, False):
            flags[PROPOSED_FLAG] = edit.is_proposed
        raw["flags"] = flags
        if edit.box_xyxy is not None:
            if raw["shape_type"] != "rectangle":
                raise DatasetError(f"a {raw['shape_type']} cannot be moved here; change it in labelme")
            x1, y1, x2, y2 = edit.box_xyxy
            raw["points"] = [[x1, y1], [x2, y2]]
        return raw


def read_order(ranking: Path, folder: Path) -> tuple[Path, ...]:
    """Files in the order of a table of `annotate rank`, each once. Raises DatasetError where it is no such table."""
    try:
        with ranking.open(newline="", encoding="utf-8-sig") as stream:
            names = [row["file"] for row in csv.DictReader(stream)]
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        raise DatasetError(f"'{ranking}' is no table of 'hemascope annotate rank': {error!r}") from error
    return tuple(dict.fromkeys(_existing(names, folder)))


def _existing(names: list[str], folder: Path) -> Iterator[Path]:
    for name in names:
        yield next((path for path in (Path(name), folder / name) if path.is_file()), Path(name))


def review_classes() -> list[Mapping[str, str | None]]:
    """What the page offers: id, name, colour and key; `wbc` is a nucleated cell that nobody has classified yet."""
    classes = [DETECTION_CLASSES["wbc"], *TAXONOMY.values()]
    return [
        {
            "id": cell.id,
            "name": cell.name_en,
            "colour": cell.colour,
            "key": cell.key or ("c" if cell.id == "wbc" else None),
        }
        for cell in classes
    ]


def _new_shape() -> dict[str, Any]:
    return {
        "label": "", "points": [], "group_id": None, "description": "", "shape_type": "rectangle", "flags": {},
        "mask": None,
    }  # fmt: skip


def _version(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
