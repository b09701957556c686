"""`pictures_with_data/`: the worst mistakes of a detector as crops, and one page with them and all tables."""

import base64
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from itertools import groupby
from pathlib import Path

import jinja2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hemascope.core.manifest import ModelManifest
from hemascope.evaluation.cost import NetworkCost
from hemascope.evaluation.detection import (
    MAX_DETECTIONS,
    SCORE_FLOOR,
    DetectionEvaluation,
    DetectionRow,
    OperatingPoint,
)
from hemascope.evaluation.mistake_pictures import CROP_PX, LEGEND, caption, contact_sheet, mistake_crop
from hemascope.evaluation.mistakes import Mistake, worst_mistakes

FOLDER = "pictures_with_data"
_PER_CLASS = 12
_JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class _Table:
    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A mistake as the page shows it."""

    data_uri: str
    file: str
    lines: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Page:
    model: str
    dataset: str
    split: str
    facts: tuple[str, ...]
    tables: tuple[_Table, ...]
    curves_uri: str
    confusion_uri: str
    legend: str
    alarms: tuple[tuple[_Shown, ...], ...]  # by class
    misses: tuple[tuple[_Shown, ...], ...]
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
    alarm_crops, miss_crops = [mistake_crop(m) for m in alarms], [mistake_crop(m) for m in misses]
    contact_sheet("False alarms, the surest first", alarms, alarm_crops).save(folder / "false_alarms.png")
    contact_sheet("Missed cells, the farthest from any box first", misses, miss_crops).save(folder / "misses.png")
    page = _Page(
        model=f"{manifest.name} {manifest.version}",
        dataset=evaluation.dataset.name,
        split=split,
        facts=_facts(evaluation, cost),
        tables=_tables(evaluation),
        curves_uri=_data_uri((out / "precision_recall.png").read_bytes(), "png"),
        confusion_uri=_data_uri((out / "confusion.png").read_bytes(), "png"),
        legend=LEGEND,
        alarms=_by_class(alarms, alarm_crops),
        misses=_by_class(misses, miss_crops),
    )
    html = _environment().get_template("evaluation.html.j2").render(page=page)
    (folder / "evaluation.html").write_text(html, encoding="utf-8")


def _facts(evaluation: DetectionEvaluation, cost: NetworkCost) -> tuple[str, ...]:
    samples = evaluation.dataset.samples
    return (
        f"{len(samples)} fields",
        f"{sum(len(s.class_ids) for s in samples)} annotated cells",
        f"{cost.parameters / 1e6:.2f} M parameters",
        f"{cost.macs / 1e9:.2f} G multiply-adds at {cost.input_size} px",
        f"{cost.images_per_second:.1f} fields/s, threads: {cost.threads}",
    )


def _tables(evaluation: DetectionEvaluation) -> tuple[_Table, ...]:
    names, points = tuple(f.name for f in fields(DetectionRow)), tuple(f.name for f in fields(OperatingPoint))
    note = (
        f"AP is the mean over IoU 0.50 to 0.95, AR the recall of all boxes with a score from {SCORE_FLOOR} on, at most "
        f"{MAX_DETECTIONS} of a class in a field. The last four columns hold at IoU 0.50, where F1 is best."
    )
    return (
        _Table("By source", note, names, tuple(astuple(row) for row in evaluation.rows)),
        _Table(
            "Where F1 is best",
            "Precision and recall at the score (threshold) where F1 is best at each IoU, on all sources.",
            points,
            tuple(astuple(point) for point in evaluation.operating_points()),
        ),
    )


def _by_class(mistakes: Sequence[Mistake], crops: Sequence[Image.Image]) -> tuple[tuple[_Shown, ...], ...]:
    pairs = zip(mistakes, crops, strict=True)
    return tuple(
        tuple(_Shown(_jpeg_uri(crop), mistake.path.name, caption(mistake)) for mistake, crop in group)
        for _, group in groupby(pairs, key=lambda pair: pair[0].class_id)
    )


def _jpeg_uri(picture: Image.Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return _data_uri(stream.getvalue(), "jpeg")


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _environment() -> jinja2.Environment:
    # file names are hostile text: everything is escaped, and an unknown name is an error
    return jinja2.Environment(
        loader=jinja2.PackageLoader("hemascope.evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
