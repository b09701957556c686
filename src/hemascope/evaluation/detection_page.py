"""`pictures_with_data/`: the worst mistakes of a detector as crops, and one page with them and all tables."""

from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.core.manifest import ModelManifest
from hemascope.evaluation.contact_sheet import CROP_PX, contact_sheet
from hemascope.evaluation.cost import NetworkCost
from hemascope.evaluation.detection import (
    MAX_DETECTIONS,
    SCORE_FLOOR,
    DetectionEvaluation,
    DetectionRow,
    OperatingPoint,
)
from hemascope.evaluation.mistake_pictures import LEGEND, mistake_tiles
from hemascope.evaluation.mistakes import worst_mistakes
from hemascope.evaluation.page import FOLDER, Shown, Table, gallery, png_uri, write_page

_PER_CLASS = 12


@dataclass(frozen=True, slots=True)
class _Page:
    model: str
    dataset: str
    split: str
    facts: tuple[str, ...]
    tables: tuple[Table, ...]
    curves_uri: str
    confusion_uri: str
    legend: str
    alarms: tuple[tuple[Shown, ...], ...]  # by class
    misses: tuple[tuple[Shown, ...], ...]
    crop_px: int = CROP_PX


def write_detection_page(
    evaluation: DetectionEvaluation,
    manifest: ModelManifest,
    cost: NetworkCost,
    split: str,
    thresholds: NDArray[np.float32],
    out: Path,
) -> None:
    """`evaluation.html`, `false_alarms.png` and `misses.png`; the page takes the two pictures that lie in `out`.

    The page loads nothing from outside. Raises OSError where the folder cannot be written.
    """
    folder = out / FOLDER
    folder.mkdir(exist_ok=True)
    alarms, misses = worst_mistakes(evaluation, thresholds, _PER_CLASS)
    alarm_tiles, miss_tiles = mistake_tiles(alarms), mistake_tiles(misses)
    contact_sheet("False alarms, the surest first", LEGEND, alarm_tiles).save(folder / "false_alarms.png")
    contact_sheet("Missed cells, the farthest from any box first", LEGEND, miss_tiles).save(folder / "misses.png")
    page = _Page(
        model=f"{manifest.name} {manifest.version}",
        dataset=evaluation.dataset.name,
        split=split,
        facts=_facts(evaluation, cost),
        tables=_tables(evaluation),
        curves_uri=png_uri(out / "precision_recall.png"),
        confusion_uri=png_uri(out / "confusion.png"),
        legend=LEGEND,
        alarms=gallery(alarm_tiles),
        misses=gallery(miss_tiles),
    )
    write_page("detection.html.j2", page, folder / "evaluation.html")


def _facts(evaluation: DetectionEvaluation, cost: NetworkCost) -> tuple[str, ...]:
    samples = evaluation.dataset.samples
    return (
        f"{len(samples)} fields",
        f"{sum(len(s.class_ids) for s in samples)} annotated cells",
        f"{cost.parameters / 1e6:.2f} M parameters",
        f"{cost.macs / 1e9:.2f} G multiply-adds at {cost.input_size} px",
        f"{cost.images_per_second:.1f} fields/s, threads: {cost.threads}",
    )


def _tables(evaluation: DetectionEvaluation) -> tuple[Table, ...]:
    names, points = tuple(f.name for f in fields(DetectionRow)), tuple(f.name for f in fields(OperatingPoint))
    note = (
        f"AP is the mean over IoU 0.50 to 0.95, AR the recall of all boxes with a score from {SCORE_FLOOR} on, at most "
        f"{MAX_DETECTIONS} of a class in a field. The last four columns hold at IoU 0.50, where F1 is best."
    )
    return (
        Table("By source", note, names, tuple(astuple(row) for row in evaluation.rows)),
        Table(
            "Where F1 is best",
            "Precision and recall at the score (threshold) where F1 is best at each IoU, on all sources.",
            points,
            tuple(astuple(point) for point in evaluation.operating_points()),
        ),
    )
