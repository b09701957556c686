from pathlib import Path

import numpy as np
import pytest
import torch

from dataset_builders import write_txl_pbc
from hemascope.core.boxes import FloatArray
from hemascope.data.readers import read_fields
from hemascope.errors import DatasetError
from hemascope.imaging.resize import RgbArray
from hemascope.training.colour import turn_and_mirror, vary_colour
from hemascope.training.field_inputs import CachedField, FieldInputs, cache_fields, collate
from hemascope.training.recipe import DetectionAugmentation

STILL = DetectionAugmentation(mosaic=0, scale=(1, 1), colour=0, blur=0)
# one pure colour a cell, so that its pixels can be found again however the field is turned
PURE = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255)], np.uint8)
BOXES = np.array([(6, 8, 40, 30), (60, 10, 90, 50), (30, 44, 50, 62)], np.float32)


def bright_field() -> CachedField:
    rgb = np.full((70, 100, 3), 30, np.uint8)
    for colour, (x1, y1, x2, y2) in zip(PURE, BOXES.astype(int), strict=True):
        rgb[y1:y2, x1:x2] = colour
    return CachedField(rgb, BOXES, np.arange(3))


def box_of_colour(rgb: RgbArray, colour: RgbArray, region: FloatArray) -> FloatArray | None:
    """The smallest box around the pixels near `colour` that lie in `region`, None when there are none."""
    x1, y1 = np.floor(region[:2]).astype(int).clip(0)
    x2, y2 = np.ceil(region[2:]).astype(int)
    near = (np.abs(rgb[y1:y2, x1:x2].astype(int) - colour.astype(int)) < 128).all(axis=2)
    ys, xs = np.nonzero(near)
    if not len(xs):
        return None
    return np.array([x1 + xs.min(), y1 + ys.min(), x1 + xs.max() + 1, y1 + ys.max() + 1], np.float32)


@pytest.mark.parametrize("mosaic", [0.0, 1.0], ids=["single", "mosaic"])
@pytest.mark.parametrize("seed", range(12))
def test_boxes_follow_their_cells_and_keep_their_class(mosaic: float, seed: int) -> None:
    settings = DetectionAugmentation(mosaic=mosaic, scale=(0.6, 1.6), colour=0, blur=0)
    image, target = FieldInputs([bright_field()] * 4, 96, settings, seed)[seed % 4]
    assert len(target.boxes_xyxy) == len(target.class_ids)
    for box, class_id in zip(target.boxes_xyxy.numpy(), target.class_ids.numpy(), strict=True):
        reach = 0 if mosaic else 2  # beyond a cut, another field may show the same colour
        margin = np.array([-reach, -reach, reach, reach], np.float32)
        seen = box_of_colour(image.numpy(), PURE[class_id], np.clip(box + margin, 0, 96))
        assert seen is not None
        np.testing.assert_allclose(seen, box, atol=1.6)


def test_every_cell_of_an_unchanged_field_is_kept() -> None:
    inputs = FieldInputs([bright_field()], 100, STILL, seed=3)
    for epoch in range(20):
        inputs.epoch = epoch
        assert sorted(inputs[0][1].class_ids.tolist()) == [0, 1, 2]


def test_boxes_stay_in_the_input_and_are_not_slivers() -> None:
    inputs = FieldInputs([bright_field()] * 3, 64, DetectionAugmentation(mosaic=0.5, scale=(0.5, 3)), seed=1)
    for epoch in range(30):
        inputs.epoch = epoch
        boxes = inputs[epoch % 3][1].boxes_xyxy
        assert ((boxes >= 0) & (boxes <= 64)).all()
        assert (boxes[:, 2:] - boxes[:, :2] >= 3).all()


def test_items_repeat_for_the_same_seed_epoch_and_index_and_differ_otherwise() -> None:
    def item(seed: int, epoch: int, index: int) -> torch.Tensor:
        inputs = FieldInputs([bright_field()] * 2, 64, DetectionAugmentation(), seed)
        inputs.epoch = epoch
        image: torch.Tensor = inputs[index][0]
        return image

    assert torch.equal(item(1, 2, 0), item(1, 2, 0))
    for other in ((2, 2, 0), (1, 3, 0), (1, 2, 1)):
        assert not torch.equal(item(1, 2, 0), item(*other))


@pytest.mark.parametrize("mosaic", [0.0, 1.0], ids=["single", "mosaic"])
def test_field_without_cells_gives_an_empty_target(mosaic: float) -> None:
    empty = CachedField(np.zeros((40, 40, 3), np.uint8), np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    inputs = FieldInputs([empty], 64, DetectionAugmentation(mosaic=mosaic), seed=0)
    images, targets = collate([inputs[0]])
    assert images.shape == (1, 64, 64, 3)
    assert targets[0].boxes_xyxy.shape == (0, 4)


def test_input_wider_than_the_field_is_padded_with_grey() -> None:
    image, _ = FieldInputs([bright_field()], 200, DetectionAugmentation(mosaic=0, scale=(0.5, 0.5), colour=0), 0)[0]
    assert (image == 114).all(dim=-1).float().mean() > 0.5


def test_cached_fields_shrink_with_their_boxes_and_never_grow(tmp_path: Path) -> None:
    dataset = read_fields("txl-pbc", write_txl_pbc(tmp_path / "d", {"train": [1]}), "train")
    (whole,) = cache_fields(dataset, 1000)
    (half,) = cache_fields(dataset, 48)
    assert whole.rgb.shape == (64, 96, 3)
    assert half.rgb.shape == (32, 48, 3)
    np.testing.assert_allclose(half.boxes_xyxy, whole.boxes_xyxy / 2, atol=1e-3)


def test_missing_image_of_a_dataset_is_named(tmp_path: Path) -> None:
    root = write_txl_pbc(tmp_path / "d", {"train": [1]})
    (root / "images" / "train-0.png").unlink()
    with pytest.raises(DatasetError, match=r"train-0\.png is listed in the dataset but cannot be read"):
        cache_fields(read_fields("txl-pbc", root, "train"), 96)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirror", [False, True])
def test_turns_and_mirrors_move_pixels_and_keep_them_all(turns: int, mirror: bool, rng: np.random.Generator) -> None:
    rgb = rng.integers(0, 256, (3, 5, 3), dtype=np.uint8)
    turned = turn_and_mirror(rgb, turns, mirror)
    assert turned.shape[:2] == ((3, 5) if turns % 2 == 0 else (5, 3))
    assert sorted(turned.reshape(-1, 3).tolist()) == sorted(rgb.reshape(-1, 3).tolist())


def test_colour_of_strength_zero_changes_nothing_and_else_keeps_the_form(rng: np.random.Generator) -> None:
    rgb = rng.integers(0, 256, (8, 9, 3), dtype=np.uint8)
    assert vary_colour(rgb, rng, 0) is rgb
    varied = vary_colour(rgb, rng, 1)
    assert (varied.shape, varied.dtype) == (rgb.shape, rgb.dtype)
    assert not np.array_equal(varied, rgb)
