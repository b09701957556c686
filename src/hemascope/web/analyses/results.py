"""What runs write. Every function is called inside `JobHandle.writing()`, and does the same when it is called again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db.models import Q
from django.utils import timezone
from numpy.typing import NDArray

from hemascope.core.active_learning import small_margin
from hemascope.core.boxes import FloatArray, iou_xyxy
from hemascope.core.detections import Detections
from hemascope.inference.classifier import ClassifiedCells
from hemascope.inference.pipeline import NUCLEATED
from hemascope.web.analyses.choices import CellOrigin, FieldState
from hemascope.web.analyses.models import Cell, DetectionRun, Field, ModelRun, RecognitionRun
from hemascope.web.analyses.selectors import open_case_locked
from hemascope.web.audit.actions import audit_record
from hemascope.web.cases.actions import case_change_state
from hemascope.web.cases.choices import CaseState

_SAME_CELL_IOU = 0.5
_LEAST_PROBABILITY = 0.001
_MODEL_COLUMNS = (
    "model_class", "model_score", "runner_up", "model_probabilities", "is_unidentified", "ambiguity", "recognition_run",
    "updated_at",
)  # fmt: skip


def nucleated_boxes(found: Detections, classes: Sequence[str]) -> tuple[NDArray[np.float64], FloatArray]:
    """Boxes `(n, 4)`, rounded to hundredths of a pixel, and scores `(n,)` of what becomes cells."""
    index = np.flatnonzero([classes[class_id] in NUCLEATED for class_id in found.class_ids])
    return found.boxes_xyxy[index].astype(np.float64).round(2), found.scores[index]


def store_detections(run: DetectionRun, field: Field, found: Detections, classes: Sequence[str]) -> None:
    """Replaces the cells that no reader has touched. Those a reader has touched stay, and are not found twice."""
    open_case_locked(run.case_id)
    touched = Q(version__gt=1) | Q(origin=CellOrigin.READER)
    Cell.objects.filter(field=field).exclude(touched).delete()
    kept = np.array([cell.box_xyxy for cell in Cell.objects.filter(field=field)], np.float32).reshape(-1, 4)
    boxes, scores = nucleated_boxes(found, classes)
    is_known = iou_xyxy(boxes.astype(np.float32), kept).max(axis=1, initial=0) > _SAME_CELL_IOU
    Cell.objects.bulk_create(
        Cell(
            case_id=run.case_id,
            field=field,
            detection_run=run,
            detector_score=round(float(score), 4),
            **dict(zip(("x1", "y1", "x2", "y2"), map(float, box), strict=True)),
        )
        for box, score in zip(boxes[~is_known], scores[~is_known], strict=True)
    )
    field.detected_counts = dict(Counter(classes[class_id] for class_id in found.class_ids))
    field.examined_by, field.state, field.error_message = run, FieldState.EXAMINED, ""
    field.save()


def store_unreadable(field: Field, reason: str) -> None:
    field.state, field.error_message = FieldState.FAILED, reason
    field.save()


def store_recognition(run: RecognitionRun, cells: Sequence[Cell], named: ClassifiedCells) -> None:
    """`cells` as they were when their pixels were read: one whose box was changed since is left for the next pass."""
    open_case_locked(run.case_id)
    now = Cell.objects.in_bulk([cell.pk for cell in cells])
    changed = []
    for row, cell in enumerate(cells):
        current = now.get(cell.pk)
        if current is not None and current.box_xyxy == cell.box_xyxy:
            for name, value in _model_values(named, row).items():
                setattr(current, name, value)
            current.recognition_run = run
            changed.append(current)
    Cell.objects.bulk_update(changed, _MODEL_COLUMNS)


def _model_values(named: ClassifiedCells, row: int) -> Mapping[str, Any]:
    probabilities = named.probabilities[row]
    order = np.argsort(-probabilities, kind="stable")
    best, runner_up = (named.classes[i] for i in (order[0], order[min(1, len(order) - 1)]))
    listed = [i for i in order if probabilities[i] >= _LEAST_PROBABILITY]
    return {
        "model_class": best,
        "model_score": round(float(probabilities[order[0]]), 4),
        "runner_up": runner_up,
        "model_probabilities": {named.classes[i]: round(float(probabilities[i]), 4) for i in listed},
        "is_unidentified": bool(named.unidentified[row]),
        "ambiguity": round(float(small_margin(probabilities[None])[0]), 6),
        "updated_at": timezone.now(),
    }


def store_end(run: ModelRun, cells: Q, *, is_last: bool) -> None:
    """Counts what was found, tells the change feed of it, and moves a new case on where no run follows."""
    case = open_case_locked(run.case_id)
    mine = Cell.objects.filter(cells, case=case)
    run.cells = mine.count()
    run.save()
    event = audit_record(by=None, verb=f"{run._meta.model_name}.done", subject=run, changes={"cells": run.cells})
    mine.update(changed_sequence=event.sequence)
    if is_last and case.state == CaseState.NEW:
        case_change_state(by=None, case=case, to=CaseState.ANALYSED)
