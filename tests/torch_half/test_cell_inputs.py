import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from builders import GLASS, class_colour
from dataset_builders import write_pbc
from hemascope.data.readers import read_cells
from hemascope.data.sample import CellDataset, CellSample
from hemascope.imaging.normalise import normalise_batch
from hemascope.training.cell_inputs import CellInputs, _rotated_crop, collate_cells, read_cell_image
from hemascope.training.colour import lose_detail
from hemascope.training.normalisation import MEAN, STD, normalise_images
from hemascope.training.recipe import ClassificationAugmentation

STILL = ClassificationAugmentation(shift=0, rotation=False, colour=0, blur=0, zoom=(0.9, 0.9), whole_image=0)


@pytest.fixture
def dataset(tmp_path: Path) -> CellDataset:
    return read_cells("pbc", write_pbc(tmp_path, {"train": 1}), "train")


@pytest.mark.parametrize("side", [20.0, 33.0, 90.0], ids=["enlarged", "nearly as it is", "shrunk"])
@pytest.mark.parametrize("angle", [0.0, 0.3, -math.pi / 4], ids=["straight", "a little", "an eighth turn"])
def test_rotated_crop_keeps_the_centre_in_the_centre(side: float, angle: float) -> None:
    rgb = np.zeros((120, 150, 3), np.uint8)
    rgb[57:64, 37:44] = 255  # a square of 7 pixels around (40.5, 60.5)
    weight = _rotated_crop(rgb, 40.5, 60.5, side, angle, 32)[..., 0].astype(float)
    ys, xs = np.mgrid[:32, :32] + 0.5
    assert (xs * weight).sum() / weight.sum() == pytest.approx(16, abs=0.3)
    assert (ys * weight).sum() / weight.sum() == pytest.approx(16, abs=0.3)
    assert weight.sum() / 255 == pytest.approx((7 * 32 / side) ** 2, rel=0.1)


def test_rotated_crop_repeats_the_border_where_it_reaches_over_it() -> None:
    rgb = np.full((40, 40, 3), 200, np.uint8)
    assert (_rotated_crop(rgb, 2, 3, 60, math.pi / 5, 24) >= 199).all()


def test_crop_holds_the_cell_and_its_label(dataset: CellDataset) -> None:
    inputs = CellInputs(dataset, 32, 72, STILL, seed=0)
    for index, sample in enumerate(dataset.samples):
        crop, label = inputs[index]
        assert dataset.classes[label] == sample.label
        assert crop.shape == (32, 32, 3)
    images, labels = collate_cells([inputs[0], inputs[1]])
    assert (images.shape, labels.dtype) == ((2, 32, 32, 3), torch.int64)


def test_crop_around_a_box_shows_as_much_as_the_context_says(dataset: CellDataset) -> None:
    # the disc of 44 pixels fills 1 / 2 of the crop's side
    sample = replace(dataset.samples[0], box_xyxy=np.array([14, 10, 58, 54], np.float32))
    settings = STILL.model_copy(update={"context": (2.0, 2.0)})
    crop, _ = CellInputs(replace(dataset, samples=(sample,)), 44, 72, settings, seed=0)[0]
    is_cell = (crop.numpy().astype(int) - np.array(GLASS)).any(axis=2)
    assert is_cell[22].sum() == pytest.approx(22, abs=2)
    assert tuple(crop.numpy()[22, 22]) == class_colour(0)


def test_items_repeat_for_the_same_seed_epoch_and_index_and_differ_otherwise(dataset: CellDataset) -> None:
    def item(seed: int, epoch: int) -> torch.Tensor:
        inputs = CellInputs(dataset, 32, 72, ClassificationAugmentation(), seed)
        inputs.epoch = epoch
        image: torch.Tensor = inputs[0][0]
        return image

    assert torch.equal(item(1, 2), item(1, 2))
    assert not torch.equal(item(1, 2), item(1, 3))
    assert not torch.equal(item(1, 2), item(2, 2))


def test_cached_image_shrinks_with_its_box(dataset: CellDataset) -> None:
    sample = replace(dataset.samples[0], box_xyxy=np.array([14, 10, 58, 54], np.float32))
    rgb, box = read_cell_image(sample, 36)
    assert rgb.shape == (32, 36, 3)
    assert box is not None
    np.testing.assert_allclose(box, [7, 5, 29, 27])
    assert read_cell_image(dataset.samples[0], 1000)[0].shape == (64, 72, 3)


def test_training_and_serving_normalise_alike(rng: np.random.Generator) -> None:
    images = [rng.integers(0, 256, (5, 7, 3), dtype=np.uint8) for _ in range(2)]
    training = normalise_images(torch.from_numpy(np.stack(images)))
    np.testing.assert_allclose(training.numpy(), normalise_batch(images, MEAN, STD), atol=1e-6)


def test_detail_is_lost_as_in_an_enlarged_picture() -> None:
    rng, noise = np.random.default_rng(0), np.random.default_rng(1).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    assert lose_detail(noise, rng, (1.0, 1.0)) is noise
    coarse = lose_detail(noise, rng, (0.25, 0.25))
    assert coarse.shape == noise.shape
    assert (
        np.abs(np.diff(coarse.astype(float), axis=0)).mean() < 0.2 * np.abs(np.diff(noise.astype(float), axis=0)).mean()
    )
    assert coarse.mean() == pytest.approx(noise.mean(), abs=3)


def test_of_a_large_image_the_surroundings_of_the_box_are_kept(tmp_path: Path) -> None:
    picture = np.full((300, 400, 3), 255, np.uint8)
    picture[100:140, 200:240] = (90, 40, 120)
    Image.fromarray(picture).save(tmp_path / "field.png")
    sample = CellSample(tmp_path / "field.png", "monocyte", "a", "a", np.array([200, 100, 240, 140], np.float32))
    rgb, box = read_cell_image(sample, 60)
    assert box is not None
    assert max(rgb.shape[:2]) == 60  # three times the box, then shrunk by two
    x1, y1, x2, y2 = box.round().astype(int)
    assert (x2 - x1, y2 - y1) == (20, 20)
    assert rgb[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2, 1].max() < 60
    assert rgb[: y1 - 2].min() == 255
