"""PBC (Acevedo et al. 2020, CC BY 4.0): single cells of healthy donors, eleven classes."""

import json
from pathlib import Path

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

    The cell is the box nearest to the image's centre, if it holds it or nearly so; `platelet` images take platelet boxes
    and all others wbc boxes. Images without such a box keep `box_xyxy=None`.
    """
    try:
        images = json.loads(detections_json.read_text(encoding="utf-8"))["images"]
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(f"{detections_json} is not the output of 'hemascope detect --json': {error}") from error
    by_name = {Path(image["file"]).name: image for image in images}
    samples = []
    for sample in dataset.samples:
        image = by_name.get(sample.path.name)
        box = None
        if image is not None:
            wanted = "platelet" if sample.label == "platelet" else "wbc"
            boxes = np.array([d["box_xyxy"] for d in image["detections"] if d["class"] == wanted], np.float32)
            box = _central_box(boxes.reshape(-1, 4), image["width"] / 2, image["height"] / 2)
        samples.append(CellSample(sample.path, sample.label, sample.source, sample.group, box))
    return CellDataset(dataset.name, dataset.classes, tuple(samples))


def _central_box(boxes_xyxy: FloatArray, x: float, y: float) -> FloatArray | None:
    """The box nearest to a point, None when the best one is further than half its own size from it."""
    if not len(boxes_xyxy):
        return None
    centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    distance = np.hypot(centres[:, 0] - x, centres[:, 1] - y)
    best = int(distance.argmin())
    box: FloatArray = boxes_xyxy[best]
    return box if distance[best] <= max(box[2] - box[0], box[3] - box[1]) / 2 else None
