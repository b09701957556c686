"""TXL-PBC: peripheral-blood fields from four sources with YOLO boxes (Gan et al., MIT licence)."""

from pathlib import Path

import numpy as np

from hemascope.core.boxes import cxcywh_to_xyxy
from hemascope.data.readers.manifest_table import read_manifest_table, rows_of_split
from hemascope.data.sample import FieldDataset, FieldSample
from hemascope.errors import DatasetError

CLASSES = ("wbc", "rbc", "platelet")  # YOLO ids 0, 1, 2


def read_fields(root: Path, split: str) -> FieldDataset:
    """Fields of `train` or `val`; `manifest.csv` has columns file, labels, width, height, split, source, group."""
    columns = ("file", "labels", "width", "height", "split", "source", "group")
    rows = rows_of_split(read_manifest_table(root, columns), split, root)
    return FieldDataset("txl-pbc", CLASSES, tuple(_read_row(root, row) for row in rows))


def _read_row(root: Path, row: dict[str, str]) -> FieldSample:
    path = root / row["labels"]
    try:
        values = np.array([line.split() for line in path.read_text().splitlines() if line.strip()], np.float32)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: expected lines 'class cx cy width height', {error}") from error
    values = values.reshape(-1, 5)
    ids = values[:, 0].astype(np.int64)
    if len(ids) and not (ids.min() >= 0 and ids.max() < len(CLASSES)):
        raise DatasetError(f"{path}: class ids {sorted(set(ids.tolist()))} outside 0..{len(CLASSES) - 1}")
    width, height = float(row["width"]), float(row["height"])
    boxes = cxcywh_to_xyxy(values[:, 1:]) * np.array([width, height, width, height], np.float32)
    return FieldSample(root / row["file"], boxes, ids, row["source"], row["group"])
