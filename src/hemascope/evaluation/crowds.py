"""Cells in crowds: which suppression of overlapping boxes finds touching cells best.

The network runs once a field; what it proposes is thinned out in several ways, and each is measured by how crowded the
fields are and on the cells that lie under a neighbour.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray, IntArray, iou_xyxy
from hemascope.core.detections import Detections
from hemascope.core.metrics.average_precision import GroundTruth, match_boxes, mean_over_classes
from hemascope.core.suppression import BoxVoting, Decay, GaussianDecay, LinearDecay, soft_suppress, suppress
from hemascope.data.sample import FieldDataset
from hemascope.evaluation.detection import (
    MAX_DETECTIONS,
    SCORE_FLOOR,
    DetectionEvaluation,
    detect_fields,
    fields_for,
    measure_detections,
)
from hemascope.inference.bundle import ModelBundle
from hemascope.inference.detector import Detector

PARTS = ("quartile 1", "quartile 2", "quartile 3", "quartile 4")  # the last one is the most crowded
PAIR_OVERLAPS = (0.1, 0.2, 0.3)
MEAN = "mean"  # over classes, in place of a class id
_PAIR_IOUS = (0.5, 0.75)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One way to thin out overlapping boxes."""

    name: str
    thin_out: Callable[[Detections, int], Detections]  # candidates and number of classes to detections


def _hard(nms_iou: float) -> Suppression:
    return Suppression(f"NMS {nms_iou}", lambda candidates, _classes: suppress(candidates, nms_iou, MAX_DETECTIONS))


def _voted(voting: BoxVoting) -> Suppression:
    def thin_out(candidates: Detections, _classes: int) -> Detections:
        return voting(suppress(candidates, 0.5, MAX_DETECTIONS), candidates)

    return Suppression(f"NMS 0.5, voting {voting.min_iou} power {voting.power:g}", thin_out)


def _soft(name: str, decay: Decay) -> Suppression:
    def thin_out(candidates: Detections, classes: int) -> Detections:
        return soft_suppress(candidates, decay, np.full(classes, SCORE_FLOOR, np.float32), MAX_DETECTIONS)

    return Suppression(f"Soft-NMS {name}", thin_out)


SUPPRESSIONS = (
    *(_hard(iou) for iou in (0.4, 0.5, 0.6, 0.7)),
    *(_voted(BoxVoting(iou, power)) for iou, power in ((0.8, 1.0), (0.65, 3.0))),
    *(_soft(f"gaussian {sigma}", GaussianDecay(sigma)) for sigma in (0.3, 0.5)),
    _soft("linear 0.3", LinearDecay(0.3)),
)


@dataclass(frozen=True, slots=True)
class Crowdedness:
    """Of one field; zeros for fewer than two cells."""

    mean_overlap: float  # mean over cells of the largest IoU with another cell, whatever its class
    touching_share: float  # of the cells whose box meets another one


@dataclass(frozen=True, slots=True)
class CrowdRow:
    """One suppression on the fields of one part of the data."""

    suppression: str
    part: str  # "all" or one of `PARTS`
    class_id: str  # or `MEAN`
    fields: int
    truths: int
    mean_overlap: float  # mean over the part's fields
    touching_share: float
    ap: float
    ap50: float
    ap75: float
    ap90: float
    best_f1: float  # at IoU 0.50


@dataclass(frozen=True, slots=True)
class PairRow:
    """How many cells are found that have a neighbour of their own class on them."""

    suppression: str
    class_id: str
    min_overlap: float  # their largest IoU with such a neighbour is above it
    truths: int
    recall50: float  # at the score where the class's F1 is best on all fields; NaN without such cells
    recall75: float


@dataclass(frozen=True, slots=True)
class CrowdEvaluation:
    rows: tuple[CrowdRow, ...]
    pairs: tuple[PairRow, ...]


def propose_candidates(
    bundle: ModelBundle, dataset: FieldDataset, threads: int | None, progress: Callable[[str, int, int], None]
) -> tuple[FieldDataset, list[Detections]]:
    """The dataset with the bundle's classes, and the boxes that enter suppression in each field, best score first."""
    settings = bundle.manifest.detection
    if settings is not None:  # another task's bundle is refused by the detector
        unsuppressed = settings.model_copy(
            update={"nms_iou": 1.0, "max_detections": settings.max_candidates, "box_voting": None}
        )
        bundle = replace(bundle, manifest=bundle.manifest.model_copy(update={"detection": unsuppressed}))
    detector = Detector(bundle, threads=threads, score_threshold=SCORE_FLOOR)
    return fields_for(detector, dataset), detect_fields(detector, dataset, progress)


def evaluate_crowds(
    dataset: FieldDataset,
    candidates: Sequence[Detections],
    progress: Callable[[str, int, int], None],
    suppressions: Sequence[Suppression] = SUPPRESSIONS,
) -> CrowdEvaluation:
    """Measure every suppression on quartiles of crowdedness and on overlapping pairs.

    `candidates` are the boxes before suppression, in the order of the samples.
    """
    crowdedness = [crowdedness_of(sample.boxes_xyxy) for sample in dataset.samples]
    parted = _part_by_crowdedness(dataset, crowdedness)
    overlaps = [own_class_overlap(sample.boxes_xyxy, sample.class_ids) for sample in dataset.samples]
    rows: list[CrowdRow] = []
    pairs: list[PairRow] = []
    for number, suppression in enumerate(suppressions, start=1):
        found = [suppression.thin_out(boxes, len(dataset.classes)) for boxes in candidates]
        evaluation = measure_detections(parted, found)
        rows += _crowd_rows(suppression.name, evaluation, crowdedness)
        pairs += _pair_rows(suppression.name, evaluation, overlaps)
        progress("suppress", number, len(suppressions))
    return CrowdEvaluation(tuple(rows), tuple(pairs))


def crowdedness_of(boxes_xyxy: FloatArray) -> Crowdedness:
    """Of a field with cells at `(n, 4)`."""
    if len(boxes_xyxy) < 2:
        return Crowdedness(0.0, 0.0)
    largest = _others_overlap(boxes_xyxy).max(axis=1)
    return Crowdedness(float(largest.mean()), float((largest > 0).mean()))


def own_class_overlap(boxes_xyxy: FloatArray, class_ids: IntArray) -> FloatArray:
    """Largest IoU `(n,)` of each cell with another one of its class; these are what suppression may merge."""
    same_class = class_ids[:, None] == class_ids[None, :]
    largest: FloatArray = np.where(same_class, _others_overlap(boxes_xyxy), np.float32(0)).max(axis=1, initial=0)
    return largest


def _others_overlap(boxes_xyxy: FloatArray) -> FloatArray:
    overlap = iou_xyxy(boxes_xyxy, boxes_xyxy)
    np.fill_diagonal(overlap, 0)
    return overlap


def _part_by_crowdedness(dataset: FieldDataset, crowdedness: Sequence[Crowdedness]) -> FieldDataset:
    """The quartile in place of the source, so that figures by source are figures by quartile."""
    order = np.argsort([c.mean_overlap for c in crowdedness], kind="stable")
    part = np.empty(len(order), np.int64)
    part[order] = np.arange(len(order)) * len(PARTS) // max(len(order), 1)
    samples = (replace(sample, source=PARTS[p]) for sample, p in zip(dataset.samples, part, strict=True))
    return replace(dataset, samples=tuple(samples))


def _crowd_rows(name: str, evaluation: DetectionEvaluation, crowdedness: Sequence[Crowdedness]) -> list[CrowdRow]:
    sources = [sample.source for sample in evaluation.dataset.samples]
    rows = []
    for part in ("all", *sorted(set(sources))):
        members = [c for c, source in zip(crowdedness, sources, strict=True) if part in ("all", source)]
        overlap = float(np.mean([c.mean_overlap for c in members]))
        touching = float(np.mean([c.touching_share for c in members]))
        of_part = [row for row in evaluation.rows if row.source == part]
        for class_id, chosen in ((MEAN, of_part), *((row.class_id, [row]) for row in of_part)):
            figures = [
                mean_over_classes([getattr(row, figure) for row in chosen if row.truths])
                for figure in ("ap", "ap50", "ap75", "ap90", "best_f1")
            ]
            truths = sum(row.truths for row in chosen)
            rows.append(CrowdRow(name, part, class_id, len(members), truths, overlap, touching, *figures))
    return rows


def _pair_rows(name: str, evaluation: DetectionEvaluation, overlaps: Sequence[FloatArray]) -> list[PairRow]:
    rows = []
    for class_index, class_id in enumerate(evaluation.dataset.classes):
        threshold = evaluation.row(class_id).best_threshold
        is_found, overlap = [], []
        for found, truth, of_field in zip(evaluation.predictions, evaluation.truths(), overlaps, strict=True):
            is_found.append(_found(found, truth, class_index, threshold))
            overlap.append(of_field[truth.class_ids == class_index])
        all_found, all_overlap = np.concatenate(is_found, axis=1), np.concatenate(overlap)
        for least in PAIR_OVERLAPS:
            chosen = all_found[:, all_overlap > least]
            recall = chosen.mean(axis=1) if chosen.size else np.full(len(_PAIR_IOUS), np.nan)
            rows.append(PairRow(name, class_id, least, chosen.shape[1], float(recall[0]), float(recall[1])))
    return rows


def _found(found: Detections, truth: GroundTruth, class_index: int, threshold: float) -> NDArray[np.bool_]:
    """`(2, n)` for the class's truths: matched at IoU 0.5 and at 0.75 by boxes from the score on."""
    boxes = np.flatnonzero((found.class_ids == class_index) & (found.scores >= np.float32(threshold)))
    boxes = boxes[np.argsort(-found.scores[boxes], kind="stable")]
    truths = truth.boxes_xyxy[truth.class_ids == class_index]
    is_found = np.zeros((len(_PAIR_IOUS), len(truths)), bool)
    for matched, taken in zip(is_found, match_boxes(found.boxes_xyxy[boxes], truths, _PAIR_IOUS), strict=True):
        matched[taken[taken >= 0]] = True
    return is_found
