import numpy as np
import pytest
from scipy import ndimage

from hemascope.imaging.quality import assess_quality
from hemascope.imaging.resize import RgbArray, resize_rgb


def smear(rng: np.random.Generator) -> RgbArray:
    """Discs on bright ground: edges as sharp as in a field that is in focus."""
    y, x = np.mgrid[:480, :640].astype(np.float32)
    cover = np.zeros((480, 640), np.float32)
    for _ in range(30):
        distance = np.hypot(x - rng.uniform(0, 640), y - rng.uniform(0, 480))
        cover = np.maximum(cover, np.clip(rng.uniform(15, 30) - distance, 0, 1))
    ground, cell = np.array((235, 225, 230)), np.array((200, 140, 150))
    return (ground + (cell - ground) * cover[..., None]).astype(np.uint8)


def blurred(rgb: RgbArray, sigma_px: float) -> RgbArray:
    return np.stack([ndimage.gaussian_filter(rgb[..., c], sigma_px) for c in range(3)], axis=-1)


def test_quality_has_no_warning_when_a_field_is_sharp_and_well_lit(rng: np.random.Generator) -> None:
    quality = assess_quality(smear(rng))
    assert quality.warnings == ()
    assert [quality.is_blurred, quality.is_dark, quality.is_bright] == [False] * 3


@pytest.mark.parametrize("size", [(640, 480), (360, 363), (1024, 1024)])
def test_quality_focus_falls_with_every_step_of_blur(size: tuple[int, int], rng: np.random.Generator) -> None:
    field = resize_rgb(smear(rng), *size)
    focus = [assess_quality(blurred(field, sigma)).focus for sigma in (0, 0.7, 1, 1.5, 2, 3, 4)]
    assert focus == sorted(focus, reverse=True)
    assert len(set(focus)) == len(focus)


def test_quality_warns_when_a_field_is_out_of_focus(rng: np.random.Generator) -> None:
    quality = assess_quality(blurred(smear(rng), 3))
    assert quality.is_blurred
    assert quality.warnings == ("blurred",)


def test_quality_focus_hardly_changes_when_only_the_contrast_falls(rng: np.random.Generator) -> None:
    field = smear(rng)
    weak = (field * 0.5 + 100).astype(np.uint8)
    assert assess_quality(weak).focus == pytest.approx(assess_quality(field).focus, rel=0.15)


@pytest.mark.parametrize(
    ("value", "warnings"),
    [
        (0, ("dark", "low-contrast")),
        (40, ("dark", "low-contrast")),
        (150, ("low-contrast",)),
        (255, ("bright", "low-contrast")),
    ],
)
def test_quality_warns_of_light_and_contrast_but_not_of_focus_when_a_field_is_flat(
    value: int, warnings: tuple[str, ...]
) -> None:
    quality = assess_quality(np.full((60, 80, 3), value, np.uint8))
    assert quality.warnings == warnings
    assert quality.brightness == pytest.approx(value / 255, abs=1e-4)


def test_quality_warns_when_half_of_a_field_is_burnt_out(rng: np.random.Generator) -> None:
    field = np.clip(smear(rng).astype(int) + 40, 0, 255).astype(np.uint8)
    assert "bright" in assess_quality(field).warnings


@pytest.mark.parametrize("shape", [(8, 8, 3), (8, 3000, 3), (3000, 8, 3)])
def test_quality_is_assessed_whatever_the_shape(shape: tuple[int, int, int], rng: np.random.Generator) -> None:
    assert np.isfinite(assess_quality(rng.integers(0, 255, shape, np.uint8)).focus)
