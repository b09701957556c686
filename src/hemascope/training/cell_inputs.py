"""Training inputs of the classifier: single cells, cut as the pipeline cuts them, turned, shifted and coloured."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.core.manifest import InputStep
from hemascope.data.images import read_cell
from hemascope.data.sample import CellDataset, CellSample
from hemascope.imaging.crop import crop_window_xyxy, cut_square
from hemascope.imaging.input_steps import apply_steps, split_at_slow
from hemascope.imaging.resize import RgbArray, resize_rgb
from hemascope.training.colour import add_noise, lose_detail, turn_and_mirror, vary_colour, vary_focus, vary_stain
from hemascope.training.recipe import ClassificationAugmentation

_SURROUNDINGS = 3.0  # side of what is kept of a large image relative to the box: more than any crop shows


def read_cell_image(sample: CellSample, longest_side: int) -> tuple[RgbArray, FloatArray | None]:
    """Decoded image, shrunk to the cache size where it is larger, and its cell's box in the same pixels.

    Of an image that is larger than that, only the surroundings of a known box are kept. Raises DatasetError for an
    unreadable image.
    """
    rgb, box = read_cell(sample), sample.box_xyxy
    if box is not None and max(rgb.shape[:2]) > longest_side:
        x1, y1, x2, y2 = crop_window_xyxy(box, _SURROUNDINGS)
        if x2 - x1 < max(rgb.shape[:2]):
            rgb, box = cut_square(rgb, (x1, y1, x2, y2)), box - np.array((x1, y1, x1, y1), np.float32)
    scale = min(1.0, longest_side / max(rgb.shape[:2]))
    small = resize_rgb(rgb, round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    return small, None if box is None else box * np.float32(scale)


class CellInputs(Dataset[tuple[Tensor, int]]):
    """Item i of epoch e is drawn from the generator seeded by (seed, e, i).

    `places` `(items,)` says which sample each item is made of, all samples once by default; `steps` are those of the
    recipe.
    """

    def __init__(
        self,
        dataset: CellDataset,
        size: int,
        cache_px: int,
        augmentation: ClassificationAugmentation,
        seed: int,
        *,
        steps: Sequence[InputStep] = (),
        places: IntArray | None = None,
    ) -> None:
        whole_image_steps, self.crop_steps = split_at_slow(steps)
        cells = [read_cell_image(sample, cache_px) for sample in dataset.samples]
        self.images = [(apply_steps(rgb, whole_image_steps), box) for rgb, box in cells]
        self.labels = dataset.labels()
        self.places = np.arange(len(cells)) if places is None else places
        self.size = size
        self.augmentation = augmentation
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        settings = self.augmentation
        place = int(self.places[index])
        rgb, box = self.images[place]
        if box is None or rng.random() < settings.whole_image:
            centre = rgb.shape[1] / 2, rgb.shape[0] / 2
            side = max(rgb.shape[:2]) * rng.uniform(*settings.zoom)
        else:
            centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            side = max(box[2] - box[0], box[3] - box[1]) * rng.uniform(*settings.context)
        shift = rng.uniform(-settings.shift, settings.shift, 2) * side
        angle = rng.uniform(-math.pi / 4, math.pi / 4) if settings.rotation else 0.0
        crop = _rotated_crop(rgb, centre[0] + shift[0], centre[1] + shift[1], side, angle, self.size)
        crop = turn_and_mirror(crop, int(rng.integers(4)), bool(rng.integers(2)))
        crop = lose_detail(crop, rng, settings.detail)
        crop = vary_stain(vary_colour(crop, rng, settings.colour), rng, settings.stain)
        crop = add_noise(vary_focus(crop, rng, settings.blur), rng, settings.noise)
        return torch.from_numpy(np.array(apply_steps(crop, self.crop_steps))), int(self.labels[place])


def collate_cells(batch: list[tuple[Tensor, int]]) -> tuple[Tensor, Tensor]:
    """Images `(B, H, W, 3)` uint8 and labels `(B,)`."""
    return torch.stack([image for image, _ in batch]), torch.tensor([label for _, label in batch])


def _rotated_crop(rgb: RgbArray, x: float, y: float, side: float, angle: float, size: int) -> RgbArray:
    """The square of `side` pixels around (x, y), turned by `angle` radians, as `size` x `size`; borders repeat."""
    reach = math.ceil(side * 0.75)  # half the diagonal is 0.71 of the side
    left, top = round(x) - reach, round(y) - reach
    around = cut_square(rgb, (left, top, left + 2 * reach, top + 2 * reach))
    step = side / size
    cos, sin = math.cos(angle) * step, math.sin(angle) * step
    half = size / 2
    matrix = (cos, -sin, x - left - half * (cos - sin), sin, cos, y - top - half * (sin + cos))
    image = Image.fromarray(around)
    if step > 1.5:  # the affine transform does not antialias: shrink first
        factor = 1 / step
        image = image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BILINEAR)
        matrix = tuple(v * image.width / around.shape[1] for v in matrix)
    return np.asarray(image.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR))
