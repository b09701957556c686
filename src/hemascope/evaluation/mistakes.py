"""The worst mistakes of a detector: sure boxes where no cell is, cells that no box came near."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray, area_xyxy, iou_xyxy
from hemascope.core.detections import Detections
from hemascope.core.metrics.average_precision import GroundTruth, match_boxes
from hemascope.evaluation.detection import DetectionEvaluation

_MATCH_IOU = 0.5
_NEAR_IOU = 0.05  # below, a caption calls two boxes unrelated


@dataclass(frozen=True, slots=True)
class Mistake:
    """One false alarm or missed cell of a field; boxes in pixels of the image."""

    path: Path
    source: str
    class_id: str
    box_xyxy: FloatArray  # (4,) the false box, or the annotated one that was missed
    score: float | None  # of the false box; of the best box on a missed cell below the threshold, if there is one
    iou: float  # with the nearest annotated cell, or with the nearest box that was reported
    note: str  # what kind of mistake it is, for a caption
    is_miss: bool
    truth: GroundTruth  # of the whole field
    found: Detections  # reported in the whole field


@dataclass(frozen=True, slots=True)
class _Field:
    path: Path
    source: str
    truth: GroundTruth
    found: Detections  # reported
    withheld: Detections  # below the threshold
    overlap: FloatArray  # (truths, reported) IoU


def worst_mistakes(
    evaluation: DetectionEvaluation, thresholds: NDArray[np.float32], per_class: int
) -> tuple[list[Mistake], list[Mistake]]:
    """False alarms and misses at IoU 0.5, `per_class` of each class and the classes in turn.

    False alarms are ranked by score. Misses are ranked by how near the nearest box came, the farthest first, then the
    largest cell. Boxes are reported from their class's entry of `thresholds` `(classes,)` on.
    """
    fields = []
    for sample, truth, seen in zip(
        evaluation.dataset.samples, evaluation.truths(), evaluation.predictions, strict=True
    ):
        is_reported = seen.scores >= thresholds[seen.class_ids]
        found, withheld = seen.select(is_reported), seen.select(~is_reported)
        overlap = iou_xyxy(truth.boxes_xyxy, found.boxes_xyxy)
        fields.append(_Field(sample.path, sample.source, truth, found, withheld, overlap))
    alarms, misses = [], []
    for class_index in range(len(evaluation.dataset.classes)):
        of_class = [_mistakes_of_class(field, class_index, evaluation.dataset.classes) for field in fields]
        found_alarms = [mistake for field_alarms, _ in of_class for mistake in field_alarms]
        alarms += sorted(found_alarms, key=lambda m: -(m.score or 0.0))[:per_class]
        found_misses = [mistake for _, field_misses in of_class for mistake in field_misses]
        misses += sorted(found_misses, key=lambda m: (m.iou, -float(area_xyxy(m.box_xyxy[None])[0])))[:per_class]
    return alarms, misses


def _mistakes_of_class(
    field: _Field, class_index: int, classes: tuple[str, ...]
) -> tuple[list[Mistake], list[Mistake]]:
    """False alarms and misses of one class in one field."""
    boxes = np.flatnonzero(field.found.class_ids == class_index)
    boxes = boxes[np.argsort(-field.found.scores[boxes], kind="stable")]
    truths = np.flatnonzero(field.truth.class_ids == class_index)
    taken = match_boxes(field.found.boxes_xyxy[boxes], field.truth.boxes_xyxy[truths], (_MATCH_IOU,))[0]
    alarms = [_false_alarm(field, int(box), classes) for box in boxes[taken < 0]]
    misses = [_miss(field, int(truth), classes) for truth in np.delete(truths, taken[taken >= 0])]
    return alarms, misses


def _false_alarm(field: _Field, box: int, classes: tuple[str, ...]) -> Mistake:
    overlap, class_index = field.overlap[:, box], int(field.found.class_ids[box])
    iou, note = float(overlap.max(initial=0)), "no cell there"
    if iou >= _NEAR_IOU:
        nearest = int(field.truth.class_ids[overlap.argmax()])
        is_second = iou >= _MATCH_IOU and nearest == class_index
        note = f"{classes[nearest]} at IoU {iou:.2f}{', found twice' if is_second else ''}"
    return Mistake(
        field.path, field.source, classes[class_index], field.found.boxes_xyxy[box], float(field.found.scores[box]),
        iou, note, is_miss=False, truth=field.truth, found=field.found,
    )  # fmt: skip


def _miss(field: _Field, truth: int, classes: tuple[str, ...]) -> Mistake:
    overlap, class_index = field.overlap[truth], int(field.truth.class_ids[truth])
    box = field.truth.boxes_xyxy[truth]
    iou, note = float(overlap.max(initial=0)), "no box near"
    if iou >= _NEAR_IOU:
        nearest = int(field.found.class_ids[overlap.argmax()])
        is_shared = iou >= _MATCH_IOU and nearest == class_index
        note = f"{classes[nearest]} box at IoU {iou:.2f}{', taken' if is_shared else ''}"
    on_cell = iou_xyxy(box[None], field.withheld.boxes_xyxy)[0] >= _MATCH_IOU
    scores = field.withheld.scores[on_cell & (field.withheld.class_ids == class_index)]
    return Mistake(
        field.path, field.source, classes[class_index], box, float(scores.max()) if len(scores) else None,
        iou, note, is_miss=True, truth=field.truth, found=field.found,
    )  # fmt: skip
