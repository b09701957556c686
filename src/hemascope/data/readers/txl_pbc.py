"""TXL-PBC: peripheral-blood fields from four sources with YOLO boxes (Gan et al., MIT licence)."""

from pathlib import Path

import numpy as np

from hemascope.core.boxes import FloatArray, cxcywh_to_xyxy
from hemascope.data.readers.manifest_table import read_manifest_table, rows_of_split
from hemascope.data.sample import FieldDataset, FieldSample
from hemascope.errors import DatasetError

CLASSES = ("wbc", "rbc", "platelet")  # YOLO ids 0, 1, 2


def read_fields(root: Path, split: str) -> FieldDataset:
    """Fields of `train` or `val`; `manifest.csv` has columns file, labels, width, height, split, source, group.

    Raises DatasetError for a folder, a row or a label file that is not as described.
    """
    columns = ("file", "labels", "width", "height", "split", "source", "group")
    rows = rows_of_split(read_manifest_table(root, columns), split, root)
    return FieldDataset("txl-pbc", CLASSES, tuple(_read_row(root, row) for row in rows))


def _read_row(root: Path, row: dict[str, str]) -> FieldSample:
    values = _read_yolo(root / row["labels"])
    try:
        width, height = float(row["width"]), float(row["height"])
    except ValueError as error:
        raise DatasetError(f"{root}/manifest.csv: size of {row['file']} in pixels: {error}") from error
    boxes = cxcywh_to_xyxy(values[:, 1:]) * np.array([width, height, width, height], np.float32)
    return FieldSample(root / row["file"], boxes, values[:, 0].astype(np.int64), row["source"], row["group"])


def _read_yolo(path: Path) -> FloatArray:
    """`(n, 5)`: class, centre x, centre y, width, height; all but the class relative to the image's size."""
    expected = f"expected lines 'class cx cy width height' with class 0..{len(CLASSES) - 1} and sizes above 0"
    try:
        lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        values = np.array(lines, np.float32)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: {expected}: {error}") from error
    if not lines:
        return np.zeros((0, 5), np.float32)
    if values.shape[1] != 5 or not np.isfinite(values).all() or (values[:, 3:] <= 0).any():
        raise DatasetError(f"{path}: {expected}")
    if not np.isin(values[:, 0], range(len(CLASSES))).all():
        raise DatasetError(f"{path}: {expected}; found the classes {sorted(set(values[:, 0].tolist()))}")
    return values
