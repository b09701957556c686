"""Where the cell of a single-cell picture is, as a detector found it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hemascope.core.boxes import FloatArray
from hemascope.data.sample import CellDataset
from hemascope.errors import DatasetError

CellBox = Literal["central", "largest"]


def with_detected_boxes(dataset: CellDataset, detections_json: Path, choice: CellBox = "central") -> CellDataset:
    """The dataset with the box of its cell in each image, from `hemascope detect` over the same files.

    Of the detections above their threshold the cell is, by `choice`, the box nearest to the centre, if it holds it or
    nearly so: a wbc box (which large platelets get too), else a platelet box; or else the largest wbc box, for pictures
    whose cell may lie anywhere. Images without such a box keep `box_xyxy=None`.
    Files are matched by name, and by as many of the folders above it as tell all images of the document apart.

    Raises DatasetError when the document is not one of `detect`, lacks an image or holds one twice.
    """
    try:
        images = json.loads(detections_json.read_text(encoding="utf-8"))["images"]
        parts = _telling_parts([Path(image["file"]) for image in images], detections_json)
        found = {Path(image["file"]).parts[-parts:]: _cell_box(image, choice) for image in images}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{detections_json} is not the output of 'hemascope detect --json': {error!r}") from error
    samples = []
    for sample in dataset.samples:
        key = sample.path.parts[-parts:]
        if key not in found:
            raise DatasetError(
                f"{detections_json} lacks {'/'.join(key)}; run 'hemascope detect' over all images of the dataset"
            )
        samples.append(replace(sample, box_xyxy=found[key]))
    return replace(dataset, samples=tuple(samples))


def _telling_parts(files: list[Path], detections_json: Path) -> int:
    """How many last parts of the paths tell all files apart. Raises DatasetError where none do."""
    longest = max((len(file.parts) for file in files), default=1)
    for count in range(1, longest + 1):
        if len({file.parts[-count:] for file in files}) == len(files):
            return count
    raise DatasetError(f"{detections_json} holds an image twice; run detect over the dataset alone")


def _cell_box(image: dict[str, Any], choice: CellBox) -> FloatArray | None:
    boxes: dict[str, list[list[float]]] = {}
    for detection in image["detections"]:
        if detection.get("above_threshold", True):  # documents hold weaker boxes as well, for curves
            boxes.setdefault(detection["class"], []).append(detection["box_xyxy"])
    if choice == "largest":
        return _largest_box(boxes.get("wbc", []))
    centre = image["width"] / 2, image["height"] / 2
    found = (_central_box(boxes.get(kind, []), *centre) for kind in ("wbc", "platelet"))
    return next((box for box in found if box is not None), None)


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


def _largest_box(boxes: list[list[float]]) -> FloatArray | None:
    if not boxes:
        return None
    boxes_xyxy = np.array(boxes, np.float32)
    box: FloatArray = boxes_xyxy[int((boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).prod(axis=1).argmax())]
    return box
