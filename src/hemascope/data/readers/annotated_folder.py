"""Own data in any format of `hemascope.data.annotations`, labelled with ids of the taxonomy, for training.

A version of `hemascope annotate export` is such a folder; its hashes are checked first. The split of an image is that
of the file of `hemascope data split`, saved as `split.csv` in the folder; else from the annotations themselves
(folders, YOLO, tables).
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from hemascope.data.annotations import AnnotatedImage
from hemascope.data.annotations.record import KINDS_WITH_AREA
from hemascope.data.listing import list_images
from hemascope.data.sample import CellDataset, CellSample, FieldDataset, FieldSample
from hemascope.data.splits import read_split
from hemascope.data.versions import VERSION_FILE, DatasetVersion, verify_version
from hemascope.errors import DatasetError
from hemascope.hematology.taxonomy import DETECTION_CLASSES, TAXONOMY, describe_unknown

SPLIT_FILE = "split.csv"
_CLASS_ORDER = tuple(dict.fromkeys((*DETECTION_CLASSES, *TAXONOMY)))


def read_fields(root: Path, split: str) -> FieldDataset:
    """Fields of one split with a box around every shape that has an area; classes are those of all splits.

    Raises DatasetError for labels outside of the taxonomy, and for a split that does not exist.
    """
    version = _verified(root)
    records, parts = _read(root)
    classes = version.class_order if version else _classes(shape.label for record in records for shape in record.shapes)
    samples = tuple(_field(record, group, classes, root) for record, group in _of_split(records, parts, split, root))
    return FieldDataset(root.name, classes, samples)


def read_cells(root: Path, split: str) -> CellDataset:
    """Images with a class of one split; the only shape of an image is taken for the cell's box. Raises likewise."""
    _verified(root)
    records, parts = _read(root)
    labelled = [record for record in records if record.label is not None]
    classes = _classes(record.label for record in labelled if record.label is not None)
    samples = []
    for record, group in _of_split(labelled, parts, split, root):
        box = np.array(record.shapes[0].box_xyxy, np.float32) if len(record.shapes) == 1 else None
        samples.append(CellSample(record.image, record.label or "", record.source or root.name, group, box))
    return CellDataset(root.name, classes, tuple(samples))


def _verified(root: Path) -> DatasetVersion | None:
    """The manifest of a version whose files are as they were written; None for a folder that is none."""
    return verify_version(root) if (root / VERSION_FILE).is_file() else None


def _read(root: Path) -> tuple[list[AnnotatedImage], dict[str, tuple[str | None, str]]]:
    """The records, and split and group of each by name."""
    records = [listed.record for listed in list_images(root)]
    parts = {record.name: (record.split, record.group or record.name) for record in records}
    if (root / SPLIT_FILE).is_file():
        parts |= {row.file: (row.split, row.group) for row in read_split(root / SPLIT_FILE)}
    return records, parts


def _of_split(
    records: list[AnnotatedImage], parts: dict[str, tuple[str | None, str]], split: str, root: Path
) -> list[tuple[AnnotatedImage, str]]:
    chosen = [(record, parts[record.name][1]) for record in records if parts[record.name][0] == split]
    if not chosen:
        known = sorted({parts[record.name][0] or "" for record in records} - {""})
        raise DatasetError(
            f"{root} has no split '{split}'; its splits: {', '.join(known) or 'none'}; "
            f"make them with 'hemascope data split {root} --out {root / SPLIT_FILE}'"
        )
    return chosen


def _classes(labels: Iterable[str]) -> tuple[str, ...]:
    found = set(labels)
    unknown = sorted(found - set(_CLASS_ORDER))
    if unknown:
        raise DatasetError(f"unknown label {describe_unknown(unknown[0], _CLASS_ORDER)}; rename it in the annotations")
    return tuple(name for name in _CLASS_ORDER if name in found)


def _field(record: AnnotatedImage, group: str, classes: tuple[str, ...], root: Path) -> FieldSample:
    shapes = [shape for shape in record.shapes if shape.kind in KINDS_WITH_AREA]
    boxes = np.array([shape.box_xyxy for shape in shapes], np.float32).reshape(-1, 4)
    wrong = np.flatnonzero(~np.isfinite(boxes).all(1) | (boxes[:, 2:] <= boxes[:, :2]).any(1))
    if wrong.size:
        found = f"{shapes[wrong[0]].place} is no box ({boxes[wrong[0]].tolist()})"
        raise DatasetError(f"{record.origin}: {found}; run 'hemascope data audit'")
    ids = np.array([classes.index(shape.label) for shape in shapes], np.int64)
    return FieldSample(record.image, boxes, ids, record.source or root.name, group)
