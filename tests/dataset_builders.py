"""Look-alikes of the datasets on disk, painted small, and recipes that train on them within seconds."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image, ImageDraw

from builders import CLASSIFIER_CLASSES, DETECTOR_CLASSES, GLASS, class_colour
from hemascope.core.boxes import FloatArray, IntArray
from hemascope.imaging.resize import RgbArray

SLOT_PX = 32  # a painted field is a grid of these with at most one cell in each
COLOURS = ((70, 30, 120), (220, 110, 110), (90, 150, 230))  # wbc, rbc, platelet
RADII_PX = (15, 12, 10)
FIELD_COLUMNS = ("file", "labels", "width", "height", "split", "source", "group")
CELL_COLUMNS = ("file", "label", "split")


def paint_cells(seed: int, columns: int = 3, rows: int = 2) -> tuple[RgbArray, FloatArray, IntArray]:
    """Discs on glass: the field, boxes `(n, 4)` xyxy and class ids; every class occurs, the last slot stays empty."""
    rng = np.random.default_rng(seed)
    picture = Image.new("RGB", (columns * SLOT_PX, rows * SLOT_PX), GLASS)
    draw = ImageDraw.Draw(picture)
    boxes = []
    ids = np.arange(columns * rows - 1) % len(DETECTOR_CLASSES)
    rng.shuffle(ids)
    for slot, class_id in enumerate(ids):
        radius = RADII_PX[class_id]
        x, y = rng.integers(radius + 1, SLOT_PX - radius, 2) + np.array([slot % columns, slot // columns]) * SLOT_PX
        draw.ellipse((x - radius, y - radius, x + radius - 1, y + radius - 1), fill=COLOURS[class_id])
        boxes.append((x - radius, y - radius, x + radius, y + radius))
    return np.array(picture), np.array(boxes, np.float32), ids.astype(np.int64)


def write_txl_pbc(root: Path, seeds: Mapping[str, Sequence[int]]) -> Path:
    """A look-alike of `txl-pbc` with one field of `paint_cells` a seed in each split; sources take turns."""
    (root / "images").mkdir(parents=True)
    (root / "labels").mkdir()
    table = []
    for split, split_seeds in seeds.items():
        for number, seed in enumerate(split_seeds):
            rgb, boxes, ids = paint_cells(seed)
            height, width = rgb.shape[:2]
            name = f"{split}-{number}"
            Image.fromarray(rgb).save(root / "images" / f"{name}.png")
            lines = [
                f"{i} {(x1 + x2) / 2 / width:.6f} {(y1 + y2) / 2 / height:.6f} "
                f"{(x2 - x1) / width:.6f} {(y2 - y1) / height:.6f}"
                for i, (x1, y1, x2, y2) in zip(ids, boxes, strict=True)
            ]
            (root / "labels" / f"{name}.txt").write_text("\n".join(lines) + "\n")
            files = f"images/{name}.png", f"labels/{name}.txt"
            table.append((*files, width, height, split, ("bccd", "raabin")[number % 2], len(table)))
    return write_table(root, FIELD_COLUMNS, table)


def write_pbc(root: Path, cells: Mapping[str, int]) -> Path:
    """A look-alike of `pbc` with `cells` images a class in each split: a disc of the class's colour on glass."""
    table = []
    for split, count in cells.items():
        for index, label in enumerate(CLASSIFIER_CLASSES):
            for number in range(count):
                file = f"images/{label}/{label}_{split}_{number}.png"
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                picture = Image.new("RGB", (72, 64), GLASS)
                x, y, radius = 36, 32, 22 - number % 3
                ImageDraw.Draw(picture).ellipse((x - radius, y - radius, x + radius, y + radius), class_colour(index))
                picture.save(root / file)
                table.append((file, label, split))
    return write_table(root, CELL_COLUMNS, table)


def write_table(root: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Writes `root/manifest.csv` and returns `root`."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)
    return root


def detection_recipe(**changes: Any) -> dict[str, Any]:
    """A recipe for `write_txl_pbc` without any chance but turns and mirrors; top-level keys replaced by `changes`."""
    return {
        "task": "detection",
        "input_size": 96,
        "eval_size": 96,
        "model": {
            "name": "retinanet_light",
            "options": {"width": 8, "blocks": [1, 1, 1, 1], "channels": 16, "tower_depth": 1},
        },
        "data": {"reader": "txl-pbc", "cache_px": 96, "allow_leaks": True},
        "optimisation": optimisation(),
        "augmentation": {"mosaic": 0.0, "scale": [1.0, 1.0], "colour": 0.0, "blur": 0.0},
    } | changes


def classification_recipe(**changes: Any) -> dict[str, Any]:
    """A recipe for `write_pbc`, likewise; dropout and mixup draw random numbers."""
    return {
        "task": "classification",
        "input_size": 48,
        "crop_context": 1.5,
        "whole_image_zoom": 0.8,
        "model": {"name": "resnet_light", "options": {"width": 8, "blocks": [1, 1, 1, 1]}},
        "data": {"reader": "pbc", "cache_px": 72, "allow_leaks": True},
        "optimisation": optimisation(batch_size=11),
        "augmentation": {"colour": 0.0, "blur": 0.0, "mixup": 0.2},
    } | changes


def optimisation(**changes: Any) -> dict[str, Any]:
    return {
        "epochs": 3, "batch_size": 2, "lr": 0.003, "warmup_steps": 4, "ema_decay": 0.9, "validate_every": 2
    } | changes  # fmt: skip


def write_recipe(path: Path, recipe: Mapping[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(dict(recipe), sort_keys=False))
    return path


def write_identity(path: Path, name: str = "tiny") -> Path:
    """What `hemascope export` wants to know about a bundle."""
    identity = {
        "name": name,
        "version": "0.1.0",
        "licence": "Apache-2.0",
        "data": ["painted discs"],
        "purpose": "Tests.",
        "limits": ["Knows discs only."],
    }
    return write_recipe(path, identity)


def write_labelled_fields(
    root: Path, labels: Sequence[str], count: int, seed: int = 0, *, is_square: bool = False
) -> Path:
    """`count` fields with one confirmed disc of each class, of the colour that `write_pbc` gives it, as labelme files.

    With `is_square` the cell fills its box. A class that `write_pbc` does not have gets the next colour.
    No two fields are copies of one another.
    """
    root.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    names = dict.fromkeys((*CLASSIFIER_CLASSES, *labels))
    colours = {name: class_colour(index) for index, name in enumerate(names)}
    columns = 4
    rows = -(-len(labels) // columns)
    for number in range(count):
        ground = rng.integers(225, 250, (3, 4, 3), np.uint8)
        picture = Image.fromarray(ground).resize((columns * 64, rows * 64), Image.Resampling.BICUBIC)
        draw = ImageDraw.Draw(picture)
        shapes = []
        for slot, label in zip(rng.permutation(columns * rows), labels, strict=False):
            radius = int(rng.integers(18, 23))
            x, y = 32 + 64 * (slot % columns), 32 + 64 * (slot // columns)
            paint = draw.rectangle if is_square else draw.ellipse
            paint((x - radius, y - radius, x + radius - 1, y + radius - 1), fill=colours[label])
            points = [[float(x - radius), float(y - radius)], [float(x + radius), float(y + radius)]]
            shapes.append({"label": label, "points": points, "shape_type": "rectangle", "flags": {}})
        name = f"field{seed}_{number}"
        picture.save(root / f"{name}.png")
        document = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": f"{name}.png", "imageData": None}
        (root / f"{name}.json").write_text(json.dumps(document))
    return root
