import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hemascope.core.manifest import InputStep
from hemascope.imaging.enhance import adaptive_gamma, sharpen
from hemascope.imaging.input_steps import apply_steps, split_at_slow
from hemascope.imaging.lab import lab_to_rgb, rgb_to_lab
from hemascope.imaging.resize import RgbArray
from hemascope.imaging.segment import black_background, cell_mask
from hemascope.imaging.stain import TARGET_MEAN, TARGET_STD, dyes_to_rgb, normalise_stain, rgb_to_dyes

STEPS: tuple[InputStep, ...] = ("adaptive_gamma", "lab_kmeans", "stain_normalise")
images = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))

GLASS, RED_CELL, NUCLEUS = (240, 235, 235), (220, 150, 140), (90, 50, 140)


def disc(side: int, x: int, y: int, radius: int) -> np.ndarray:
    ys, xs = np.mgrid[:side, :side]
    return (xs - x) ** 2 + (ys - y) ** 2 <= radius**2


def smear() -> tuple[RgbArray, np.ndarray]:
    """A white cell with a pale hole in its nucleus and two red cells on glass; the cell's pixels."""
    rgb = np.full((60, 60, 3), GLASS, np.uint8)
    for x, y in ((10, 12), (50, 48)):
        rgb[disc(60, x, y, 8)] = RED_CELL
    cell = disc(60, 32, 28, 13)
    rgb[cell] = NUCLEUS
    rgb[disc(60, 32, 28, 3)] = GLASS
    return rgb, cell


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0, 0)),
    ],
    ids=["white", "black", "red", "blue", "grey"],
)
def test_lab_has_the_values_of_the_standard(rgb: tuple[int, ...], lab: tuple[float, ...]) -> None:
    np.testing.assert_allclose(rgb_to_lab(np.array([[rgb]], np.uint8))[0, 0], lab, atol=0.02)


@given(images)
def test_colour_spaces_lead_back_to_the_same_pixels(rgb: RgbArray) -> None:
    assert np.abs(lab_to_rgb(rgb_to_lab(rgb)).astype(int) - rgb).max() <= 1
    assert np.abs(dyes_to_rgb(rgb_to_dyes(rgb)).astype(int) - rgb).max() <= 1


@given(images, st.lists(st.sampled_from(STEPS), max_size=3))
def test_steps_keep_shape_type_and_repeat_themselves(rgb: RgbArray, steps: list[InputStep]) -> None:
    before = rgb.copy()
    out = apply_steps(rgb, steps)
    assert (out.shape, out.dtype) == (rgb.shape, np.uint8)
    np.testing.assert_array_equal(out, apply_steps(rgb, steps))
    np.testing.assert_array_equal(rgb, before)


@pytest.mark.parametrize("grey", [20, 128, 230])
def test_gamma_follows_the_equation(grey: int) -> None:
    rgb = np.full((4, 4, 3), grey, np.uint8)
    expected = (grey / 255) ** (1 / (1.5 - grey / 255))
    assert adaptive_gamma(rgb)[0, 0, 0] == round(expected * 255)


def test_sharpening_is_the_filter_of_the_paper() -> None:
    rgb = np.full((5, 5, 3), 100, np.uint8)
    rgb[2, 2] = 120
    out = sharpen(rgb)
    assert out[2, 2].tolist() == [200] * 3
    assert out[2, 1].tolist() == [80] * 3
    assert out[0, 0].tolist() == [100] * 3


def test_cell_mask_is_the_white_cell_without_holes() -> None:
    rgb, cell = smear()
    np.testing.assert_array_equal(cell_mask(rgb), cell)


def test_background_is_black_and_the_cell_as_it_was() -> None:
    rgb, cell = smear()
    out = black_background(rgb)
    assert not out[~cell].any()
    np.testing.assert_array_equal(out[cell], rgb[cell])


def test_mask_turns_with_the_image() -> None:
    rgb, _ = smear()
    np.testing.assert_array_equal(np.rot90(cell_mask(rgb)), cell_mask(np.ascontiguousarray(np.rot90(rgb))))


@pytest.mark.parametrize("colours", [1, 2])
def test_image_of_fewer_than_three_colours_is_all_cell(colours: int) -> None:
    rgb = np.full((8, 8, 3), GLASS, np.uint8)
    rgb[:, : 4 * (colours - 1)] = NUCLEUS
    assert cell_mask(rgb).all()


def test_normalised_stain_has_the_target_statistics_whatever_the_lamp() -> None:
    rng = np.random.default_rng(3)
    rgb = rng.normal((150, 120, 160), 12, (40, 40, 3)).clip(0, 255).astype(np.uint8)
    for tinted in (rgb, (rgb * np.array([0.9, 1.0, 0.8])).astype(np.uint8)):
        lab = rgb_to_lab(normalise_stain(tinted)).reshape(-1, 3)
        np.testing.assert_allclose(lab.mean(axis=0), TARGET_MEAN, atol=2)
        np.testing.assert_allclose(lab.std(axis=0), TARGET_STD, atol=2)


def test_only_what_stands_after_the_slow_step_is_done_to_every_crop() -> None:
    assert split_at_slow(()) == ((), ())
    assert split_at_slow(("adaptive_gamma",)) == ((), ("adaptive_gamma",))
    assert split_at_slow(("stain_normalise", "lab_kmeans", "adaptive_gamma")) == (
        ("stain_normalise", "lab_kmeans"),
        ("adaptive_gamma",),
    )
