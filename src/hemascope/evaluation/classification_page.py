"""`pictures_with_data/`: a classifier's worst mistakes as crops, and one page with them, all tables and pictures."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from PIL import Image

from hemascope.core.manifest import ModelManifest
from hemascope.evaluation.class_rows import ClassRow, MeasuredClasses
from hemascope.evaluation.classification import ClassificationEvaluation, read_crop
from hemascope.evaluation.comparison import ClassifierComparison, DifferenceRow
from hemascope.evaluation.contact_sheet import CROP_PX, Tile, contact_sheet
from hemascope.evaluation.cost import NetworkCost
from hemascope.evaluation.held_out import ClassCoverage, HeldOut
from hemascope.evaluation.page import FOLDER, Shown, Table, gallery, png_uri, write_page
from hemascope.hematology.maturation import DISTANCE_NAMES

LEGEND = "Each row holds the cells of one true class that were named wrongly, the surest first."
_PER_CLASS = 6


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file of the evaluation as the page shows it."""

    title: str
    file: str
    note: str


@dataclass(frozen=True, slots=True)
class _Page:
    model: str
    dataset: str
    split: str
    facts: tuple[str, ...]
    tables: tuple[Table, ...]
    pictures: tuple[tuple[Picture, str], ...]  # with the data of the file
    legend: str
    mistakes: tuple[tuple[Shown, ...], ...]  # by true class
    crop_px: int = CROP_PX


def write_classification_page(
    evaluation: ClassificationEvaluation,
    measured: MeasuredClasses,
    held_out: HeldOut | None,
    comparison: ClassifierComparison | None,
    manifest: ModelManifest,
    cost: NetworkCost,
    titles: tuple[str, str],
    pictures: Sequence[Picture],
    out: Path,
) -> None:
    """`evaluation.html` and `mistakes.png`; `titles` are dataset and split, `pictures` lie in `out`.

    Raises OSError where the folder cannot be written.
    """
    folder = out / FOLDER
    folder.mkdir(exist_ok=True)
    tiles = _mistake_tiles(evaluation)
    contact_sheet("Worst mistakes", LEGEND, tiles).save(folder / "mistakes.png")
    tables = [_headline_table(evaluation, measured), _class_table(measured)]
    if evaluation.is_in_taxonomy:
        tables.append(_distance_table(evaluation))
    if held_out is not None:
        tables += _held_out_tables(held_out)
    if comparison is not None:
        tables.append(_comparison_table(comparison))
    page = _Page(
        model=f"{manifest.name} {manifest.version}",
        dataset=titles[0],
        split=titles[1],
        facts=_facts(evaluation, cost),
        tables=tuple(tables),
        pictures=tuple((picture, png_uri(out / picture.file)) for picture in pictures),
        legend=LEGEND,
        mistakes=gallery(tiles),
    )
    write_page("classification.html.j2", page, folder / "evaluation.html")


def _mistake_tiles(evaluation: ClassificationEvaluation) -> list[Tile]:
    confidence, tiles = evaluation.cells.probabilities.max(axis=1), []
    for index, name in enumerate(evaluation.classes):
        wrong = np.flatnonzero((evaluation.labels == index) & ~evaluation.is_right)
        for i in wrong[np.argsort(-confidence[wrong], kind="stable")][:_PER_CLASS]:
            sample = evaluation.samples[i]
            picture = Image.fromarray(read_crop(sample, evaluation.settings)).resize((CROP_PX, CROP_PX))
            sure = f"{confidence[i]:.2f}{', withheld' if evaluation.cells.unidentified[i] else ''}"
            lines = (name, f"named {evaluation.cells.best[i]}", sure)
            tiles.append(Tile(name, picture, lines, sample.path.name))
    return tiles


def _facts(evaluation: ClassificationEvaluation, cost: NetworkCost) -> tuple[str, ...]:
    return (
        f"{len(evaluation.labels)} cells in {len(set(evaluation.groups))} groups",
        f"{cost.parameters / 1e6:.2f} M parameters",
        f"{cost.macs / 1e6:.0f} M multiply-adds at {cost.input_size} px",
        f"{cost.images_per_second:.0f} cells/s from crops in memory, threads: {cost.threads}",
    )


def _headline_table(evaluation: ClassificationEvaluation, measured: MeasuredClasses) -> Table:
    rows = []
    for name, value in evaluation.headline().items():
        if not name.startswith("f1_") and name not in ("accuracy_low", "accuracy_high"):
            limits = measured.intervals.get(name)
            rows.append((name, value, *((limits.low, limits.high) if limits else ("", ""))))
    note = (
        "As served, with the bundle's own temperature and thresholds. Limits of 95 % when whole groups are drawn again."
    )
    return Table("All classes", note, ("figure", "value", "low", "high"), tuple(rows))


def _class_table(measured: MeasuredClasses) -> Table:
    note = "The best class of every cell counts, also of unidentified ones. Limits of 95 % when groups are drawn again."
    names = tuple(f.name for f in fields(ClassRow))
    return Table("By class", note, names, tuple(astuple(row) for row in measured.rows))


def _distance_table(evaluation: ClassificationEvaluation) -> Table:
    counts = evaluation.distance_counts()
    rows = [(c, *row) for c, row in zip(evaluation.classes, counts.tolist(), strict=True)]
    note = "How far the name lies from the truth; a class and the more general one it is a kind of are neighbours."
    total = ("all", *counts.sum(axis=0).tolist())
    return Table("Mistakes by lineage and stage", note, ("true class", *DISTANCE_NAMES), (*rows, total))


def _held_out_tables(held_out: HeldOut) -> list[Table]:
    note = (
        "Temperature, thresholds and sets are fitted on one half of the groups and measured on the other: means over "
        f"{held_out.measurements} halves. Before: temperature 1."
    )
    figures = tuple(zip((f.name for f in fields(held_out.figures)), astuple(held_out.figures), strict=True))
    columns = tuple(f.name for f in fields(ClassCoverage))
    sets = "A set holds the classes that a cell may be. Identified: with the thresholds that the other half gave."
    return [
        Table("Calibration on held-out cells", note, ("figure", "value"), figures),
        Table("Conformal sets and rejection on held-out cells", sets, columns, tuple(map(astuple, held_out.classes))),
    ]


def _comparison_table(comparison: ClassifierComparison) -> Table:
    test = comparison.mcnemar
    note = (
        f"Only this one is right on {test.only_first} cells, only the other one on {test.only_second}; exact McNemar "
        f"p = {test.p_value:.4g}. Limits of 95 % when groups are drawn again; real: they leave no difference out."
    )
    columns = (*(f.name for f in fields(DifferenceRow)), "real")
    rows = tuple((*astuple(row), "yes" if row.is_real else "") for row in comparison.rows)
    return Table("Against the other bundle", note, columns, rows)
