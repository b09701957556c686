"""Painted smears: the folder that `hemascope synth` writes, with the classes of the detectors."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from hemascope.data.sample import FieldDataset, FieldSample
from hemascope.errors import CellClassUnknownError, DatasetError
from hemascope.hematology.taxonomy import detection_class

CLASSES = ("wbc", "rbc", "platelet")
WHOLE = "all"  # the only split
_COLUMNS = ("file", "class", "x1", "y1", "x2", "y2", "overlapped")


def read_fields(root: Path, split: str) -> FieldDataset:
    """All fields of a painted smear; every nucleated cell is a `wbc`, and an artefact is background.

    A smear is not divided, so that nobody validates on what was trained on: the split is always `all`.
    Raises DatasetError for another split and for a folder, a class or a row that `hemascope synth` did not write.
    """
    if split != WHOLE:
        raise DatasetError(
            f"a painted smear has no split '{split}', only '{WHOLE}'; paint another one with another seed to validate"
        )
    pictures = sorted(root.glob("field_*.jpg"))
    table = root / "truth.csv"
    if not pictures or not table.is_file():
        raise DatasetError(
            f"{root} is no painted smear: expected field_0001.jpg ... and truth.csv of 'hemascope synth'"
        )
    rows = _read_truth(table)
    unknown = sorted(set(rows) - {path.name for path in pictures})
    if unknown:
        raise DatasetError(f"{table} names {unknown[0]}, which is not in the folder; paint the smear again")
    return FieldDataset("synth", CLASSES, tuple(_sample(path, rows.get(path.name, [])) for path in pictures))


_Row = tuple[int, list[float]]  # class index, box xyxy


def _read_truth(table: Path) -> dict[str, list[_Row]]:
    """Rows of every picture; artefacts are left out."""
    found: dict[str, list[_Row]] = defaultdict(list)
    try:
        with table.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if tuple(reader.fieldnames or ()) != _COLUMNS:
                raise ValueError(f"columns {reader.fieldnames}, expected {','.join(_COLUMNS)}")
            for row in reader:
                kind = detection_class(row["class"])
                if kind is not None:
                    found[row["file"]].append((CLASSES.index(kind), [float(row[side]) for side in _COLUMNS[2:6]]))
    except (OSError, ValueError, TypeError, CellClassUnknownError) as error:
        raise DatasetError(f"{table} is not as 'hemascope synth' writes it: {error}") from error
    return found


def _sample(path: Path, rows: list[_Row]) -> FieldSample:
    boxes = np.array([box for _, box in rows], np.float32).reshape(-1, 4)
    class_ids = np.array([class_index for class_index, _ in rows], np.int64)
    return FieldSample(path, boxes, class_ids, "painted", path.stem)
