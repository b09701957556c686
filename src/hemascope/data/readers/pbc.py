"""PBC (Acevedo et al. 2020, CC BY 4.0): single cells of healthy donors, eleven classes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.core.boxes import FloatArray
from hemascope.data.readers.manifest_table import read_manifest_table, rows_of_split
from hemascope.data.sample import CellDataset, CellSample
from hemascope.errors import DatasetError

CLASSES = (
    "basophil",
    "eosinophil",
    "erythroblast",
    "promyelocyte",
    "myelocyte",
    "metamyelocyte",
    "band_neutrophil",
    "segmented_neutrophil",
    "lymphocyte",
    "monocyte",
    "platelet",
)


def read_cells(root: Path, split: str) -> CellDataset:
    """Cells of `train` or `val`; `manifest.csv` has columns file, label, split (labels are canonical ids).

    The set names neither patients nor slides, so every image is its own group.
    """
    samples = []
    for row in rows_of_split(read_manifest_table(root, ("file", "label", "split")), split, root):
        if row["label"] not in CLASSES:
            raise DatasetError(f"{root}/manifest.csv: unknown label '{row['label']}'; known: {', '.join(CLASSES)}")
        samples.append(CellSample(root / row["file"], row["label"], "pbc", row["file"]))
    return CellDataset("pbc", CLASSES, tuple(samples))


def with_detected_boxes(dataset: CellDataset, detections_json: Path) -> CellDataset:
    """The dataset with the box of its cell in each image, from `hemascope detect` over the same files.

    The cell is the box nearest to the image's centre, if it holds it or nearly so: a wbc box (which large platelets get
    too), else a platelet box, from the detections above their threshold. Images without either keep `box_xyxy=None`.
    Files are matched by name.

    Raises DatasetError when the document is not one of `detect`, lacks an image or holds two of one name.
    """
    try:
        images = json.loads(detections_json.read_text(encoding="utf-8"))["images"]
        names = [Path(image["file"]).name for image in images]
        if len(set(names)) < len(names):
            raise DatasetError(f"{detections_json} holds images of the same name; run detect over the dataset alone")
        boxes = {name: _boxes_by_class(image) for name, image in zip(names, images, strict=True)}
        centres = {name: (image["width"] / 2, image["height"] / 2) for name, image in zip(names, images, strict=True)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{detections_json} is not the output of 'hemascope detect --json': {error!r}") from error
    samples = []
    for sample in dataset.samples:
        name = sample.path.name
        if name not in boxes:
            raise DatasetError(f"{detections_json} lacks {name}; run 'hemascope detect' over all images of the dataset")
        found = (_central_box(boxes[name].get(kind, []), *centres[name]) for kind in ("wbc", "platelet"))
        box = next((box for box in found if box is not None), None)
        samples.append(replace(sample, box_xyxy=box))
    return replace(dataset, samples=tuple(samples))


def _boxes_by_class(image: dict[str, Any]) -> dict[str, list[list[float]]]:
    boxes: dict[str, list[list[float]]] = {}
    for detection in image["detections"]:
        if detection.get("above_threshold", True):  # documents hold weaker boxes as well, for curves
            boxes.setdefault(detection["class"], []).append(detection["box_xyxy"])
    return boxes


def _central_box(boxes: list[list[float]], x: float, y: float) -> FloatArray | None:
    """The xyxy box nearest to a point, None when the best one is further than half its own size from it."""
    if not boxes:
        return None
    boxes_xyxy = np.array(boxes, np.float32)
    centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    distance = np.hypot(centres[:, 0] - x, centres[:, 1] - y)
    best = int(distance.argmin())
    box: FloatArray = boxes_xyxy[best]
    return box if distance[best] <= max(box[2] - box[0], box[3] - box[1]) / 2 else None
