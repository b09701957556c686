"""Which fields or cells a person should label next."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from hemascope.core.active_learning import (
    UNCERTAINTIES,
    Scores,
    disagreement,
    k_center_greedy,
    pick_diverse,
    unit_rows,
)
from hemascope.core.boxes import FloatArray, IntArray
from hemascope.errors import BundleError, InputNotFoundError, InputUnreadableError
from hemascope.service.cell_opinions import OpinionReader
from hemascope.service.file_names import shown_path
from hemascope.service.unlabelled import CellPlace, FolderCells, labelme_files, read_folder_cells

Level = Literal["field", "cell"]
Criterion = Literal["entropy", "margin", "least-confidence", "disagreement", "coreset"]
CELLS_A_FIELD = 3  # a field counts as much as its most uncertain cells

CELL_COLUMNS = ("rank", "file", "shape", "x1", "y1", "x2", "y2", "class", "probability", "score")
FIELD_COLUMNS = ("rank", "file", "cells", "score")
_GUARDED_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")  # a spreadsheet would run such a name as a formula


@dataclass(frozen=True, slots=True)
class RankOptions:
    by: Criterion
    budget: int  # fields or cells to name
    level: Level = "field"
    spread: bool = True  # pass over near-duplicates and spread what is picked; coreset always does


@dataclass(frozen=True, slots=True)
class Ranking:
    """`table` is the CSV text; `seen` tells what was looked at."""

    table: str
    picked: int
    seen: FolderCells


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Unconfirmed cells, row by row the same in all fields; `labelled` `(m, dimensions)` are the confirmed ones."""

    places: tuple[CellPlace, ...]
    probabilities: FloatArray  # (n, classes)
    features: FloatArray  # (n, dimensions)
    scores: Scores | None  # None where only the embeddings count
    labelled: FloatArray
    classes: tuple[str, ...]


def rank(
    folder: Path,
    reader: OpinionReader,
    options: RankOptions,
    *,
    second: OpinionReader | None = None,
    on_file: Callable[[object], None] = lambda _file: None,
) -> Ranking:
    """What to label next in `folder`, best first: cells, or fields by their most uncertain cells.

    `second` is another bundle, for "disagreement"; without it `reader` should look in several turns. A field scores
    the mean of its `CELLS_A_FIELD` highest cells, a missing one counting 0. Raises InputNotFoundError where nothing can
    be ranked, BundleError where the two bundles know different classes.
    """
    if options.level == "field" and not labelme_files(folder):
        raise InputNotFoundError(
            f"'{shown_path(folder)}' holds no labelme file, so there are no fields to rank; run 'hemascope annotate "
            "propose' first, or rank single-cell pictures with --level cell"
        )
    seen = read_folder_cells(folder, reader, on_file)
    again = None if second is None else read_folder_cells(folder, second)
    candidates = _candidates(seen, again, options.by)
    if not candidates.places:
        raise InputNotFoundError(
            f"'{shown_path(folder)}' has no unconfirmed cell to rank: all are labelled, or nothing was proposed"
        )
    rows = _cell_rows(candidates, options) if options.level == "cell" else _field_rows(candidates, options)
    return Ranking(_table(CELL_COLUMNS if options.level == "cell" else FIELD_COLUMNS, rows), len(rows), seen)


def _candidates(seen: FolderCells, again: FolderCells | None, by: Criterion) -> _Candidates:
    opinions = seen.opinions
    free = np.flatnonzero(~np.array(seen.is_labelled, bool))
    members = opinions.probabilities
    if again is not None:
        if again.places != seen.places:
            raise InputUnreadableError("the annotation files changed while they were read; run the command again")
        other = align(again.opinions.probabilities[0], again.opinions.classes, opinions.classes)
        members = np.stack([members[0], other])
    return _Candidates(
        places=tuple(seen.places[i] for i in free),
        probabilities=opinions.probabilities[0, free],
        features=opinions.features[free],
        scores=_scores(members[:, free], by),
        labelled=opinions.features[np.array(seen.is_labelled, bool)],
        classes=opinions.classes,
    )


def _scores(members: FloatArray, by: Criterion) -> Scores | None:
    if by == "coreset":
        return None
    return disagreement(members) if by == "disagreement" else UNCERTAINTIES[by](members[0])


def _cell_rows(candidates: _Candidates, options: RankOptions) -> list[tuple[str, ...]]:
    picked = _pick(candidates.scores, candidates.features, candidates.labelled, options)
    return [_cell_row(candidates, int(i)) for i in picked]


def _field_rows(candidates: _Candidates, options: RankOptions) -> list[tuple[str, ...]]:
    files = list(dict.fromkeys(place.file for place in candidates.places))
    number_of = {file: number for number, file in enumerate(files)}
    field_of = np.array([number_of[place.file] for place in candidates.places])
    cells_of = [np.flatnonzero(field_of == number) for number in range(len(files))]
    features = unit_rows(np.stack([candidates.features[cells].mean(axis=0) for cells in cells_of]))
    all_scores = candidates.scores
    scores = None if all_scores is None else np.array([_field_score(all_scores[cells]) for cells in cells_of])
    picked = _pick(scores, features, candidates.labelled, options)
    return [(files[i], str(len(cells_of[i])), _number(None if scores is None else scores[i])) for i in picked]


def align(probabilities: FloatArray, classes: tuple[str, ...], wanted: tuple[str, ...]) -> FloatArray:
    """Columns in the order of `wanted`. Raises BundleError where the classes are not the same."""
    if set(classes) != set(wanted):
        odd = ", ".join(sorted(set(classes) ^ set(wanted)))
        raise BundleError(f"the two bundles know different classes ({odd}), so their opinions cannot be compared")
    return probabilities[..., [classes.index(name) for name in wanted]]


def _field_score(scores: Scores) -> float:
    return float(np.sort(scores)[-CELLS_A_FIELD:].sum()) / CELLS_A_FIELD


def _pick(scores: Scores | None, features: FloatArray, labelled: FloatArray, options: RankOptions) -> IntArray:
    """Rows to label next; what looks like a labelled cell has less need of a label itself."""
    covered = labelled if len(labelled) else None
    if scores is None:
        return k_center_greedy(features, options.budget, covered=covered)
    if options.spread:
        return pick_diverse(scores, features, options.budget, covered=covered)
    return np.argsort(-scores, kind="stable")[: options.budget]


def _cell_row(candidates: _Candidates, i: int) -> tuple[str, ...]:
    place, probabilities = candidates.places[i], candidates.probabilities[i]
    shape = "" if place.shape is None else str(place.shape)
    box = ("", "", "", "") if place.box_xyxy is None else tuple(f"{value:.2f}" for value in place.box_xyxy)
    best = int(probabilities.argmax())
    score = _number(None if candidates.scores is None else candidates.scores[i])
    return (place.file, shape, *box, candidates.classes[best], f"{probabilities[best]:.4f}", score)


def _number(score: float | None) -> str:
    return "" if score is None else f"{score:.6f}"


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for number, row in enumerate(rows, start=1):
        file = f"'{row[0]}" if row[0].startswith(_GUARDED_STARTS) else row[0]
        writer.writerow((number, file, *row[1:]))
    return text.getvalue()
