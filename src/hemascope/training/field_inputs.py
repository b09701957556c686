"""Training inputs of the detector: annotated fields, cut, turned, mixed and coloured."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from hemascope.core.boxes import FloatArray, IntArray, area_xyxy, clip_xyxy
from hemascope.data.images import read_image
from hemascope.data.sample import FieldDataset
from hemascope.imaging.resize import PAD_VALUE, RgbArray, resize_rgb
from hemascope.models.targets import FieldTarget
from hemascope.training.colour import turn_and_mirror, vary_colour, vary_focus
from hemascope.training.recipe import DetectionAugmentation

_MIN_VISIBLE = 0.35  # share of a box that must remain in the input for it to count


@dataclass(frozen=True, slots=True)
class CachedField:
    """A field in memory, shrunk to the cache size, with its boxes in the same pixels."""

    rgb: RgbArray
    boxes_xyxy: FloatArray
    class_ids: IntArray


def cache_fields(dataset: FieldDataset, longest_side: int) -> list[CachedField]:
    """Decode and shrink every field once; enlarging is left to the augmentation.

    Boxes are cut at the borders; those thinner than a pixel are left out. Raises DatasetError for an unreadable image.
    """
    fields = []
    for sample in dataset.samples:
        rgb = read_image(sample.path)
        height, width = rgb.shape[:2]
        scale = min(1.0, longest_side / max(height, width))
        small = resize_rgb(rgb, round(width * scale), round(height * scale))
        factor = np.array([small.shape[1] / width, small.shape[0] / height] * 2, np.float32)
        boxes = clip_xyxy(sample.boxes_xyxy, width, height) * factor
        solid = ((boxes[:, 2:] - boxes[:, :2]) >= 1).all(axis=1)
        fields.append(CachedField(small, boxes[solid], sample.class_ids[solid]))
    return fields


class FieldInputs(Dataset[tuple[Tensor, FieldTarget]]):
    """Item i of epoch e is drawn from the generator seeded by (seed, e, i), so that a resumed run sees the same."""

    def __init__(self, fields: list[CachedField], size: int, augmentation: DetectionAugmentation, seed: int) -> None:
        self.fields = fields
        self.size = size
        self.augmentation = augmentation
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.fields)

    def __getitem__(self, index: int) -> tuple[Tensor, FieldTarget]:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        canvas = np.full((self.size, self.size, 3), PAD_VALUE, np.uint8)
        half = self.size // 2
        if rng.random() < self.augmentation.mosaic:
            cut_x, cut_y = (int(v) for v in rng.integers(self.size // 4, self.size - self.size // 4, 2))
            windows = [
                (0, 0, cut_x, cut_y),
                (cut_x, 0, self.size, cut_y),
                (0, cut_y, cut_x, self.size),
                (cut_x, cut_y, self.size, self.size),
            ]
            picks = [index, *(int(i) for i in rng.integers(0, len(self.fields), 3))]
            scale_of = max(half, 1) / self.size * 1.5  # smaller fields, so that whole cells fit the windows
        else:
            windows, picks, scale_of = [(0, 0, self.size, self.size)], [index], 1.0
        boxes, ids = [], []
        for window, pick in zip(windows, picks, strict=True):
            part_boxes, part_ids = _paste(
                canvas, window, self.fields[pick], rng, self.augmentation, scale_of, self.size
            )
            boxes.append(part_boxes)
            ids.append(part_ids)
        image = vary_focus(vary_colour(canvas, rng, self.augmentation.colour), rng, self.augmentation.blur)
        target = FieldTarget(torch.from_numpy(np.concatenate(boxes)), torch.from_numpy(np.concatenate(ids)))
        return torch.from_numpy(np.array(image)), target


def collate(batch: list[tuple[Tensor, FieldTarget]]) -> tuple[Tensor, list[FieldTarget]]:
    """Images `(B, H, W, 3)` uint8 and one target each."""
    return torch.stack([image for image, _ in batch]), [target for _, target in batch]


def _paste(
    canvas: RgbArray,
    window_xyxy: tuple[int, int, int, int],
    field: CachedField,
    rng: np.random.Generator,
    augmentation: DetectionAugmentation,
    scale_of: float,
    size: int,
) -> tuple[FloatArray, IntArray]:
    """Draw a turned, scaled, shifted field into a window of the canvas; its visible boxes in canvas pixels."""
    turns, mirror = int(rng.integers(4)), bool(rng.integers(2))
    rgb = turn_and_mirror(field.rgb, turns, mirror)
    boxes = _turn_boxes(field.boxes_xyxy, field.rgb.shape[1], field.rgb.shape[0], turns, mirror)
    factor = np.exp(rng.uniform(*np.log(augmentation.scale))) * scale_of * size / max(rgb.shape[:2])
    aspect = np.exp(rng.uniform(-0.08, 0.08))
    width, height = max(8, round(rgb.shape[1] * factor * aspect)), max(8, round(rgb.shape[0] * factor / aspect))
    boxes = boxes * np.array([width / rgb.shape[1], height / rgb.shape[0]] * 2, np.float32)
    rgb = resize_rgb(rgb, width, height)
    x1, y1, x2, y2 = window_xyxy
    # where the field's corner falls: anywhere such that window and field overlap as much as they can
    left = x1 + int(rng.integers(min(0, x2 - x1 - width), max(0, x2 - x1 - width) + 1))
    top = y1 + int(rng.integers(min(0, y2 - y1 - height), max(0, y2 - y1 - height) + 1))
    into = max(left, x1), max(top, y1), min(left + width, x2), min(top + height, y2)
    canvas[into[1] : into[3], into[0] : into[2]] = rgb[into[1] - top : into[3] - top, into[0] - left : into[2] - left]
    placed = boxes + np.array([left, top, left, top], np.float32)
    clipped = np.clip(placed, np.array([into[0], into[1]] * 2), np.array([into[2], into[3]] * 2)).astype(np.float32)
    sides = clipped[:, 2:] - clipped[:, :2]
    visible = (area_xyxy(clipped) >= _MIN_VISIBLE * area_xyxy(placed)) & (sides >= 3).all(axis=1)
    return clipped[visible], field.class_ids[visible]


def _turn_boxes(boxes_xyxy: FloatArray, width: int, height: int, turns: int, mirror: bool) -> FloatArray:
    """Boxes after `turn_and_mirror` of a `width` x `height` image."""
    x1, y1, x2, y2 = boxes_xyxy.T
    for _ in range(turns):
        x1, y1, x2, y2 = y1, width - x2, y2, width - x1
        width, height = height, width
    if mirror:
        x1, x2 = width - x2, width - x1
    return np.stack([x1, y1, x2, y2], axis=1)
