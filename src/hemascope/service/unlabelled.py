"""The cells of a folder that wait for a label, and those that have one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hemascope.core.boxes import FloatArray
from hemascope.data.annotations.labelme import read_labelme_file
from hemascope.data.annotations.record import KINDS_WITH_AREA, Shape, geometry_fault
from hemascope.errors import InputError, InputNotFoundError
from hemascope.imaging.crop import centre_zoom, crop_window_xyxy
from hemascope.imaging.decode import ImageSource, open_image
from hemascope.imaging.resize import RgbArray
from hemascope.inference.pipeline import NUCLEATED, cut_window
from hemascope.service.cell_opinions import CellOpinions, OpinionReader
from hemascope.service.file_names import shown_path
from hemascope.service.inputs import collect_inputs
from hemascope.service.problems import InputProblem
from hemascope.service.proposals import DETECTED_AS, is_confirmed

_NOT_CLASSIFIED = frozenset(
    {"red_cell", "rbc", "platelet", "giant_platelet"}
)  # many, and no classifier is unsure of them


@dataclass(frozen=True, slots=True)
class CellPlace:
    """A cell in `file`: shape number `shape` (0, 1, ...) of a labelme file, or None for a single-cell picture."""

    file: str
    shape: int | None = None
    box_xyxy: tuple[float, float, float, float] | None = None  # pixels of the image


@dataclass(frozen=True, slots=True)
class FolderCells:
    """Row by row the same: `places`, `opinions` and `is_labelled` (a person confirmed the cell)."""

    places: tuple[CellPlace, ...]
    opinions: CellOpinions
    is_labelled: tuple[bool, ...]
    files: int  # that could be used
    files_without_cells: tuple[str, ...]
    problems: tuple[InputProblem, ...]


def read_folder_cells(
    folder: Path, reader: OpinionReader, on_file: Callable[[object], None] = lambda _file: None
) -> FolderCells:
    """The cells of all labelme files in and below `folder`; where it holds none, each of its images is one cell.

    Boxes of red cells and platelets are passed over. A file that cannot be used becomes a problem.
    Raises InputNotFoundError where the folder holds neither.
    """
    walk = _Walk(reader, on_file)
    files = labelme_files(folder)
    opinions = reader.read(walk.field_crops(files) if files else walk.picture_crops(folder))
    return FolderCells(
        tuple(walk.places),
        opinions,
        tuple(walk.is_labelled),
        walk.files,
        tuple(walk.without_cells),
        tuple(walk.problems),
    )


def labelme_files(folder: Path) -> list[Path]:
    """`*.json` in and below `folder`, hidden ones apart. Raises InputNotFoundError where there is no such folder."""
    if not folder.is_dir():
        raise InputNotFoundError(f"'{shown_path(folder)}' is no folder; name the one that 'annotate propose' wrote")
    return sorted(path for path in folder.rglob("*.json") if not path.name.startswith("."))


@dataclass(slots=True)
class _Walk:
    """Gives crops one by one and notes for each, in the same order, where it comes from."""

    reader: OpinionReader
    on_file: Callable[[object], None]
    places: list[CellPlace] = field(default_factory=list)
    is_labelled: list[bool] = field(default_factory=list)
    without_cells: list[str] = field(default_factory=list)
    problems: list[InputProblem] = field(default_factory=list)
    files: int = 0

    def field_crops(self, files: list[Path]) -> Iterator[RgbArray]:
        for file in files:
            shown = shown_path(file)
            try:
                record = read_labelme_file(file)
                with open_image(record.image) as source:
                    found = len(self.places)
                    for number, shape in enumerate(record.shapes):
                        if _is_cell(shape, source):
                            crop = self._crop(source, shape)
                            self.places.append(CellPlace(shown, number, shape.box_xyxy))
                            self.is_labelled.append(is_confirmed(shape, record))
                            yield crop
                if len(self.places) == found:
                    self.without_cells.append(shown)
                self.files += 1
            except InputError as error:
                self.problems.append(InputProblem.from_error(shown, error))
            self.on_file(file)

    def _crop(self, source: ImageSource, shape: Shape) -> RgbArray:
        box: FloatArray = np.array(shape.box_xyxy, np.float32)
        return cut_window(source, crop_window_xyxy(box, self.reader.settings.crop_context))

    def picture_crops(self, folder: Path) -> Iterator[RgbArray]:
        inputs = collect_inputs([str(folder)])
        self.problems += inputs.problems
        for file in inputs.files:
            try:
                with open_image(file.path) as source:
                    rgb = source.read_region(0, 0, source.width, source.height)
            except InputError as error:
                self.problems.append(InputProblem.from_error(file.shown, error))
            else:
                self.places.append(CellPlace(file.shown))
                self.is_labelled.append(False)
                self.files += 1
                yield centre_zoom(rgb, self.reader.settings.whole_image_zoom)
            self.on_file(file)


def is_classified(shape: Shape) -> bool:
    """Whether it is neither a red cell nor a platelet, or was detected as a white cell and only then named so."""
    return shape.label not in _NOT_CLASSIFIED or shape.other.get(DETECTED_AS) in NUCLEATED


def _is_cell(shape: Shape, source: ImageSource) -> bool:
    """Whether a classifier should look at it, and it has an area in the image."""
    if not is_classified(shape):
        return False
    if shape.kind not in KINDS_WITH_AREA or geometry_fault(shape) is not None:
        return False
    x1, y1, x2, y2 = shape.box_xyxy
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    return 0 <= x < source.width and 0 <= y < source.height
