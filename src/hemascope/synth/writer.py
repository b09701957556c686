"""Writes a painted smear: pictures, ground truth as CSV and COCO, masks."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hemascope.core.boxes import FloatArray, xyxy_to_xywh
from hemascope.errors import OutputError
from hemascope.synth.field import PaintedField
from hemascope.synth.recipes import RECIPES
from hemascope.synth.smear import SmearSettings, paint_smear

PAINTED_CLASSES: tuple[str, ...] = (*RECIPES, "red_cell", "platelet", "giant_platelet", "artefact")
TRUTH_COLUMNS = ("file", "class", "x1", "y1", "x2", "y2", "overlapped")

_JPEG_QUALITY = 92


@dataclass(frozen=True, slots=True)
class WrittenSmear:
    """What `write_smear` left in its folder."""

    images: tuple[Path, ...]
    cells: int
    truth: tuple[Path, ...]  # truth.csv and truth.json, or nothing


@dataclass(frozen=True, slots=True)
class _FieldTruth:
    """What is kept of a field once its pictures are on disk."""

    name: str
    width: int
    height: int
    class_ids: tuple[str, ...]
    boxes_xyxy: FloatArray
    is_overlapped: NDArray[np.bool_]
    areas_px: NDArray[np.int64]


def write_smear(
    out_dir: Path,
    settings: SmearSettings,
    *,
    with_truth: bool = True,
    with_masks: bool = False,
    on_field: Callable[[Path], None] = lambda _path: None,
) -> WrittenSmear:
    """Paints and writes `field_0001.jpg` on, `truth.csv`, `truth.json` (COCO) and `masks/field_0001.png` (16 bit).

    Value `i + 1` of a mask is row `i` of that file's rows in `truth.csv`; `on_field` hears of each picture written.
    Raises OutputError when the folder cannot be written or holds fields of a longer smear, which would have no truth.
    """
    names = [f"field_{number:04d}.jpg" for number in range(1, settings.fields + 1)]
    painted: list[_FieldTruth] = []
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        stale = sorted({path.name for path in out_dir.glob("field_*.jpg")} - set(names))
        if stale:
            raise OutputError(f"{out_dir} already holds {stale[0]} of another smear: choose an empty folder")
        for name, field in zip(names, paint_smear(settings), strict=True):
            Image.fromarray(field.rgb).save(out_dir / name, quality=_JPEG_QUALITY, subsampling=0)
            if with_masks:
                _write_mask(out_dir / "masks" / name, field)
            painted.append(_keep_truth(name, field))
            on_field(out_dir / name)
        truth = _write_truth(out_dir, painted) if with_truth else ()
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"cannot write to {out_dir} ({reason}): choose a folder that can be written") from error
    cells = sum(len(field.class_ids) for field in painted)
    return WrittenSmear(tuple(out_dir / name for name in names), cells, truth)


def _write_mask(path: Path, field: PaintedField) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(field.instance_mask.astype(np.uint16)).save(path.with_suffix(".png"))


def _keep_truth(name: str, field: PaintedField) -> _FieldTruth:
    height, width = field.instance_mask.shape
    areas_px = np.bincount(field.instance_mask.ravel(), minlength=len(field.class_ids) + 1)[1:]
    return _FieldTruth(name, width, height, field.class_ids, field.boxes_xyxy, field.is_overlapped, areas_px)


def _write_truth(out_dir: Path, painted: list[_FieldTruth]) -> tuple[Path, Path]:
    table, coco = out_dir / "truth.csv", out_dir / "truth.json"
    with table.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(TRUTH_COLUMNS)
        for field in painted:
            cells = zip(field.class_ids, field.boxes_xyxy, field.is_overlapped, strict=True)
            rows.writerows((field.name, class_id, *map(int, box), int(is_under)) for class_id, box, is_under in cells)
    coco.write_text(json.dumps(_to_coco(painted)), encoding="utf-8")
    return table, coco


def _to_coco(painted: list[_FieldTruth]) -> dict[str, object]:
    category_ids = {class_id: number for number, class_id in enumerate(PAINTED_CLASSES, start=1)}
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for image_id, field in enumerate(painted, start=1):
        images.append({"id": image_id, "file_name": field.name, "width": field.width, "height": field.height})
        boxes_xywh = xyxy_to_xywh(field.boxes_xyxy).tolist()
        for class_id, box_xywh, area_px in zip(field.class_ids, boxes_xywh, field.areas_px, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": category_ids[class_id],
                    "bbox": box_xywh,
                    "area": int(area_px),
                    "iscrowd": 0,
                }
            )
    categories = [{"id": number, "name": class_id} for class_id, number in category_ids.items()]
    return {"images": images, "annotations": annotations, "categories": categories}
