"""Puts what was found in one field on disk at once, and keeps only totals: memory does not grow with the fields."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hemascope.errors import output_errors
from hemascope.hematology.taxonomy import DETECTION_CLASSES, TAXONOMY
from hemascope.imaging.quality import FieldQuality
from hemascope.imaging.resize import RgbArray
from hemascope.inference.pipeline import FieldFindings
from hemascope.service.annotations import BoxAnnotation, CocoWriter, FieldAnnotations, labelme_json
from hemascope.service.inputs import InputFile
from hemascope.service.output_folder import write_whole
from hemascope.service.pictures import jpeg_bytes, write_crop
from hemascope.service.tables import CellRow, FieldRow, RowWriter

UNIDENTIFIED = "unidentified"


@dataclass(frozen=True, slots=True)
class FieldResult:
    """Everything known of one finished field; `overview` is the field made small."""

    input: InputFile
    width: int
    height: int
    overview: RgbArray
    quality: FieldQuality
    findings: FieldFindings
    seconds: float


@dataclass(slots=True)
class Totals:
    fields: int = 0
    detected: Counter[str] = field(default_factory=Counter)  # by class of the detector
    counted: Counter[str] = field(default_factory=Counter)  # by taxonomy id, `unidentified` among them
    quality: Counter[str] = field(default_factory=Counter)  # fields by warning code


class FieldRecorder:
    """Crops, pictures, annotations and table rows of finished fields. Every method raises OutputError."""

    def __init__(self, folder: Path) -> None:
        self.totals = Totals()
        self._folder = folder
        with output_errors(folder):
            self._cells = RowWriter(folder, CellRow)
            self._fields = RowWriter(folder, FieldRow)
            self._coco = CocoWriter(folder)

    def record(self, result: FieldResult) -> None:
        """The row in fields.csv comes last: a field that has one is complete."""
        rows = list(_cell_rows(result))
        stem = result.input.stem
        annotations = _annotations(result, rows)
        with output_errors(self._folder):
            for row, crop in zip(rows, result.findings.crops, strict=True):
                path = self._folder / row.crop
                path.parent.mkdir(exist_ok=True)
                write_crop(path, crop)
            write_whole(self._folder / "fields" / f"{stem}.jpg", jpeg_bytes(result.overview))
            write_whole(self._folder / "labelme" / f"{stem}.json", labelme_json(annotations, self._folder / "labelme"))
            self._coco.append(annotations)
            self._cells.append(rows)
            self._fields.append([_field_row(result, rows)])
        self._add_to_totals(result, rows)

    def _add_to_totals(self, result: FieldResult, rows: list[CellRow]) -> None:
        self.totals.fields += 1
        self.totals.detected.update(_detected_names(result.findings))
        self.totals.counted.update(row.counted_as for row in rows)
        self.totals.quality.update(result.quality.warnings)

    def close(self) -> None:
        with output_errors(self._folder):
            self._cells.close()
            self._fields.close()
            self._coco.close()


def _cell_rows(result: FieldResult) -> Iterator[CellRow]:
    findings = result.findings
    cells = findings.cells
    order = np.argsort(-cells.probabilities, axis=1, kind="stable")
    for i, detection in enumerate(findings.nucleated_index):
        best, runner_up = order[i, 0], order[i, min(1, len(cells.classes) - 1)]
        x1, y1, x2, y2 = _rounded_box(findings, int(detection))
        class_ = cells.classes[best]
        unidentified = bool(cells.unidentified[i])
        counted_as = UNIDENTIFIED if unidentified else class_
        yield CellRow(
            field=result.input.stem,
            file=result.input.shown,
            cell=i + 1,
            x1=x1,
            y1=y1,
            x2=x2,
            y2=y2,
            detector_score=float(findings.detections.scores[detection]),
            class_=class_,
            probability=float(cells.probabilities[i, best]),
            runner_up=cells.classes[runner_up],
            runner_up_probability=float(cells.probabilities[i, runner_up]),
            unidentified=unidentified,
            counted_as=counted_as,
            ood_score=float(cells.logsumexp[i]),
            crop=f"crops/{counted_as}/{result.input.stem}_{i + 1:04d}.png",
        )


def _field_row(result: FieldResult, rows: list[CellRow]) -> FieldRow:
    names = Counter(_detected_names(result.findings))
    return FieldRow(
        field=result.input.stem,
        file=result.input.shown,
        width=result.width,
        height=result.height,
        nucleated_cells=len(rows),
        red_cells=names["rbc"],
        platelets=names["platelet"],
        unidentified=sum(row.unidentified for row in rows),
        focus=float(result.quality.focus),
        brightness=float(result.quality.brightness),
        contrast=float(result.quality.contrast),
        warnings=" ".join(result.quality.warnings),
        seconds=round(result.seconds, 3),
    )


def _annotations(result: FieldResult, rows: list[CellRow]) -> FieldAnnotations:
    findings = result.findings
    cell_of = {int(detection): row for detection, row in zip(findings.nucleated_index, rows, strict=True)}
    names = _detected_names(findings)
    boxes = tuple(
        BoxAnnotation(
            label=cell_of[i].counted_as if i in cell_of else _taxonomy_id(names[i]),
            box_xyxy=_rounded_box(findings, i),
            score=round(float(findings.detections.scores[i]), 4),
            cell=cell_of[i].cell if i in cell_of else None,
        )
        for i in range(len(findings.detections))
    )
    return FieldAnnotations(result.input.path, result.width, result.height, boxes)


def _detected_names(findings: FieldFindings) -> list[str]:
    return [findings.detection_classes[class_id] for class_id in findings.detections.class_ids]


def _taxonomy_id(detector_class: str) -> str:
    """`rbc` is a `red_cell`; other names are taxonomy ids themselves."""
    return detector_class if detector_class in TAXONOMY else DETECTION_CLASSES[detector_class].parent or UNIDENTIFIED


def _rounded_box(findings: FieldFindings, detection: int) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (round(float(value), 2) for value in findings.detections.boxes_xyxy[detection])
    return x1, y1, x2, y2
