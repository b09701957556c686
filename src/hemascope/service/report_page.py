"""What a report shows, gathered from the files of an analysis in the words of one language."""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hemascope.hematology.classification.wording import WordedSuggestions
from hemascope.hematology.differential import DifferentialRow
from hemascope.hematology.taxonomy import TAXONOMY, Language, cell_class
from hemascope.service.annotations import read_uncounted_boxes
from hemascope.service.embedded_pictures import CELL_SIDE_PX, cell_data_uri, field_data_uri, path_inside
from hemascope.service.report_cautions import cautions
from hemascope.service.report_figures import Figure, figures
from hemascope.service.report_suggestions import worded_suggestions
from hemascope.service.summary import AnalysisSummary
from hemascope.service.tables import CellRow, FieldRow, read_rows
from hemascope.service.texts import Texts


@dataclass(frozen=True, slots=True)
class ReportLimits:
    """Keeps the page small however many fields there were; what is left out is said on the page."""

    cells_per_class: int = 60
    fields: int = 24


DEFAULT_LIMITS = ReportLimits()


@dataclass(frozen=True, slots=True)
class DifferentialLine:
    name: str
    colour: str
    row: DifferentialRow


@dataclass(frozen=True, slots=True)
class CellPicture:
    data_uri: str | None  # None: the crop file is gone
    title: str
    probability: float
    best: str  # the class an unidentified cell would have had, else empty


@dataclass(frozen=True, slots=True)
class ClassGallery:
    name: str
    colour: str
    note: str
    cells: tuple[CellPicture, ...]


@dataclass(frozen=True, slots=True)
class FieldBox:
    x: float
    y: float
    width: float
    height: float
    colour: str
    label: str  # cell number and class; empty for red cells and platelets
    title: str


@dataclass(frozen=True, slots=True)
class FieldPicture:
    row: FieldRow
    data_uri: str | None
    alt: str
    counts: str
    warnings: tuple[str, ...]
    boxes: tuple[FieldBox, ...]


@dataclass(frozen=True, slots=True)
class ReportPage:
    summary: AnalysisSummary
    texts: Texts
    cautions: tuple[str, ...]
    counted: tuple[DifferentialLine, ...]  # in the denominator
    beside: tuple[DifferentialLine, ...]
    axis_percent: int  # right end of the charts
    figures: tuple[Figure, ...]
    suggestions: WordedSuggestions
    galleries: tuple[ClassGallery, ...]
    fields_note: str
    fields: tuple[FieldPicture, ...]
    cell_side_px: int = CELL_SIDE_PX


def gather_page(folder: Path, summary: AnalysisSummary, texts: Texts, limits: ReportLimits) -> ReportPage:
    """Reads the tables once, line by line. Raises InputUnreadableError where one is not as written."""
    fields = {row.field: row for row, _ in zip(read_rows(folder, FieldRow), range(limits.fields), strict=False)}
    cells_by_field: dict[str, list[CellRow]] = {name: [] for name in fields}
    selection = _LeastCertain(limits.cells_per_class)
    for cell in read_rows(folder, CellRow):
        selection.add(cell)
        if cell.field in cells_by_field:
            cells_by_field[cell.field].append(cell)
    lines = [differential_line(row, texts.language) for row in summary.differential.rows]
    counted = tuple(line for line in lines if line.row.in_denominator)
    return ReportPage(
        summary=summary,
        texts=texts,
        cautions=cautions(summary, texts),
        counted=counted,
        beside=tuple(line for line in lines if not line.row.in_denominator and line.row.count),
        axis_percent=axis_percent(counted),
        figures=figures(summary.differential, frozenset(_classifier_classes(summary)), texts),
        suggestions=worded_suggestions(summary, texts.language),
        galleries=tuple(_galleries(folder, selection, texts)),
        fields_note=_shown_note("fields", len(fields), summary.fields.analysed, "fields/, labelme/", texts),
        fields=tuple(_field_picture(folder, row, cells_by_field[row.field], texts) for row in fields.values()),
    )


class _LeastCertain:
    """The `limit` cells of lowest probability of each class, and how many there are in all."""

    def __init__(self, limit: int) -> None:
        self.totals: Counter[str] = Counter()
        self._limit = limit
        self._heaps: dict[str, list[tuple[float, int, CellRow]]] = {}

    def add(self, cell: CellRow) -> None:
        self.totals[cell.counted_as] += 1
        heap = self._heaps.setdefault(cell.counted_as, [])
        heapq.heappush(heap, (-cell.probability, -self.totals[cell.counted_as], cell))
        if len(heap) > self._limit:
            heapq.heappop(heap)

    def of(self, class_id: str) -> list[CellRow]:
        """Lowest probability first."""
        return [cell for *_, cell in sorted(self._heaps.get(class_id, []), key=lambda item: item[:2], reverse=True)]


def differential_line(row: DifferentialRow, language: Language) -> DifferentialLine:
    cell = cell_class(row.class_id)
    return DifferentialLine(cell.name(language), cell.colour, row)


def axis_percent(lines: tuple[DifferentialLine, ...]) -> int:
    """The upper ends of the intervals, rounded up to tens."""
    highest = max((line.row.percent_high or 0.0 for line in lines), default=0.0)
    return min(100, max(10, -(-int(highest + 1) // 10) * 10))


def _classifier_classes(summary: AnalysisSummary) -> Iterator[str]:
    for model in summary.models:
        if model.task == "classification":
            yield from model.classes


def _galleries(folder: Path, selection: _LeastCertain, texts: Texts) -> Iterator[ClassGallery]:
    """Unidentified cells come first: they are the ones that need a reader."""
    order = ["unidentified", *(class_id for class_id in TAXONOMY if class_id != "unidentified")]
    for class_id in order:
        cells = selection.of(class_id)
        if cells:
            note = _shown_note("gallery", len(cells), selection.totals[class_id], f"crops/{class_id}/", texts)
            pictures = tuple(_cell_picture(folder, cell, texts) for cell in cells)
            yield ClassGallery(cell_class(class_id).name(texts.language), cell_class(class_id).colour, note, pictures)


def _shown_note(section: str, shown: int, total: int, folder: str, texts: Texts) -> str:
    if shown < total:
        return texts.say(f"{section}_shown_some", shown=shown, total=total, folder=folder)
    return texts.say(f"{section}_shown_one" if total == 1 else f"{section}_shown_all", total=total)


def _cell_picture(folder: Path, cell: CellRow, texts: Texts) -> CellPicture:
    name = cell_class(cell.class_).name(texts.language)
    title = texts.say(
        "cell_title",
        file=cell.file,
        cell=cell.cell,
        name=name,
        probability=f"{cell.probability:.2f}",
        runner_up=cell_class(cell.runner_up).name(texts.language),
        runner_up_probability=f"{cell.runner_up_probability:.2f}",
    )
    best = texts.say("cell_best", name=name) if cell.unidentified else ""
    return CellPicture(cell_data_uri(path_inside(folder, cell.crop)), title, cell.probability, best)


def _field_picture(folder: Path, row: FieldRow, cells: list[CellRow], texts: Texts) -> FieldPicture:
    uncounted = read_uncounted_boxes(path_inside(folder, f"labelme/{row.field}.json"))
    light = [
        FieldBox(x1, y1, x2 - x1, y2 - y1, cell_class(label).colour, "", cell_class(label).name(texts.language))
        for label, (x1, y1, x2, y2) in ((box.label, box.box_xyxy) for box in uncounted)
    ]
    counts = {"nucleated": row.nucleated_cells, "red": row.red_cells, "platelets": row.platelets}
    return FieldPicture(
        row=row,
        data_uri=field_data_uri(path_inside(folder, f"fields/{row.field}.jpg")),
        alt=texts.say("field_alt", file=row.file, **counts),
        counts=texts.say("field_counts", **counts),
        warnings=tuple(texts.say(f"quality_{code}") for code in row.warnings.split()),
        boxes=(*light, *(_cell_box(cell, texts) for cell in cells)),
    )


def _cell_box(cell: CellRow, texts: Texts) -> FieldBox:
    shown = cell_class(cell.counted_as)
    name = shown.name(texts.language)
    title = texts.say("box_title", cell=cell.cell, name=name, probability=f"{cell.probability:.2f}")
    return FieldBox(cell.x1, cell.y1, cell.x2 - cell.x1, cell.y2 - cell.y1, shown.colour, f"{cell.cell} {name}", title)
