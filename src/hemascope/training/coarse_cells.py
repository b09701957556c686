"""Cells of other laboratories whose labels are coarser than the classes: each says only what the cell may be."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.data.detected_boxes import with_detected_boxes
from hemascope.data.protocol import balance_classes
from hemascope.data.readers import FIELDS, read_cells, read_fields
from hemascope.data.sample import CellDataset, CellSample
from hemascope.errors import DatasetError
from hemascope.training.cell_parts import check_leaks
from hemascope.training.recipe import CellData, CoarseCells


@dataclass(frozen=True, slots=True)
class LabelledCells:
    """Cells to learn from. The classes of `cells` are those of the network, then the coarse labels; `candidates`
    `(labels, classes)` says which of the network's classes each of them may be.
    """

    cells: CellDataset
    candidates: NDArray[np.bool_]


def add_coarse_cells(
    train: CellDataset,
    val: CellDataset,
    data: CellData,
    data_root: Path,
    detections_json: Path | None,
    seed: int,
    cache: Path | None,
) -> LabelledCells:
    """The training cells with those of `data.coarse`, whose folders are relative to `data_root`.

    Raises DatasetError for a label or class that does not exist, for single-cell pictures without boxes, and for
    pictures that are measured on, too.
    """
    samples, labels = list(train.samples), list(train.classes)
    candidates = [np.eye(len(train.classes), dtype=bool)]
    for choice in data.coarse:
        for label, names in choice.labels.items():
            unknown = [name for name in names if name not in train.classes]
            if unknown:
                raise DatasetError(f"data.coarse: {choice.reader} '{label}' may be {unknown}; known: {train.classes}")
            labels.append(_coarse_name(choice, label))
            candidates.append(np.array([[name in names for name in train.classes]]))
        samples += _read(choice, choice.split, data_root, detections_json, choice.at_most, seed)
    added = {sample.path: sample for sample in samples[len(train.samples) :]}
    if not data.allow_leaks:
        check_leaks(list(added.values()), val.samples, ("the coarse cells", data.val_split), cache)
    return LabelledCells(replace(train, classes=tuple(labels), samples=tuple(samples)), np.concatenate(candidates))


def read_check_cells(data: CellData, data_root: Path, detections_json: Path | None) -> list[CellSample]:
    """Cells of other laboratories that are not trained on, of all `check_split`. Raises DatasetError likewise."""
    return [
        sample
        for choice in data.coarse
        if choice.check_split is not None
        for sample in _read(choice, choice.check_split, data_root, detections_json, None, 0)
    ]


def _coarse_name(choice: CoarseCells, label: str) -> str:
    return f"{choice.reader}:{label}"


def _read(
    choice: CoarseCells, split: str, data_root: Path, detections_json: Path | None, at_most: int | None, seed: int
) -> list[CellSample]:
    root = data_root / choice.folder
    if choice.reader in FIELDS:
        cells = list(_cells_of_fields(choice, root, split))
    elif detections_json is None:
        raise DatasetError(f"data.coarse: the cells of {choice.reader} need --boxes, a document over its images, too")
    else:
        listed = read_cells(choice.reader, root, split)
        boxed = with_detected_boxes(listed, detections_json, choice.cell_box).samples
        cells = [sample for sample in boxed if sample.box_xyxy is not None]
    used = [cell for cell in cells if cell.label in choice.labels and cell.source not in choice.leave_out]
    missing = set(choice.labels) - {cell.label for cell in used}
    if missing:
        raise DatasetError(f"data.coarse: {root}, {split} has no cell labelled {', '.join(sorted(missing))}")
    names = sorted(choice.labels)
    ids = np.array([names.index(cell.label) for cell in used])
    places = balance_classes(ids, at_most=at_most, at_least=None, repeat=1, repeat_up_to=None, seed=seed)
    return [replace(used[i], label=_coarse_name(choice, used[i].label)) for i in places]


def _cells_of_fields(choice: CoarseCells, root: Path, split: str) -> Iterator[CellSample]:
    fields = read_fields(choice.reader, root, split)
    for field in fields.samples:
        for box, class_id in zip(field.boxes_xyxy, field.class_ids, strict=True):
            yield CellSample(field.path, fields.classes[class_id], field.source, field.group, box)
