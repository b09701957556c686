from pathlib import Path

import numpy as np
import pytest

from hemascope.imaging.decode import ArrayImage, open_image
from hemascope.imaging.resize import RgbArray
from hemascope.service import pictures
from hemascope.service.pictures import overview, quality_sample, write_crop


class WatchedImage(ArrayImage):
    """Remembers the most pixels read at once."""

    most_pixels = 0

    def read_region(self, x1: int, y1: int, x2: int, y2: int) -> RgbArray:
        self.most_pixels = max(self.most_pixels, (x2 - x1) * (y2 - y1))
        return super().read_region(x1, y1, x2, y2)


@pytest.mark.parametrize(
    ("width", "height", "small"),
    [
        (640, 480, (640, 480)),
        (100, 50, (100, 50)),
        (1280, 960, (640, 480)),
        (300, 3000, (64, 640)),
        (5000, 8, (640, 1)),
    ],
)
def test_overview_keeps_the_proportions(width: int, height: int, small: tuple[int, int]) -> None:
    rgb = overview(ArrayImage(np.zeros((height, width, 3), np.uint8)))
    assert (rgb.shape[1], rgb.shape[0]) == small


def test_overview_of_a_large_image_is_read_in_bands_and_looks_the_same(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ramp = np.linspace(0, 255, 1500)
    rgb = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :1200], 128), axis=2).astype(np.uint8)
    whole = overview(ArrayImage(rgb))
    monkeypatch.setattr(pictures, "_WHOLE_UP_TO_PX", 1000)
    source = WatchedImage(rgb)
    banded = overview(source)
    assert source.most_pixels < rgb[..., 0].size / 10
    assert np.abs(banded.astype(int) - whole.astype(int)).max() <= 3


def test_quality_is_judged_on_the_most_detailed_window_of_a_large_image(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb = np.full((4000, 4000, 3), 240, np.uint8)
    rgb[1500:2500, 1500:2500] = rng.integers(0, 256, (1000, 1000, 3))
    monkeypatch.setattr(pictures, "_WHOLE_UP_TO_PX", 1000)
    sample = quality_sample(ArrayImage(rgb))
    assert sample.shape == (1024, 1024, 3)
    assert sample.std() > 60


def test_quality_of_a_small_image_is_judged_on_the_whole() -> None:
    rgb = np.zeros((20, 30, 3), np.uint8)
    assert quality_sample(ArrayImage(rgb)).shape == rgb.shape


def test_crop_loses_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    rgb = rng.integers(0, 256, (33, 33, 3), dtype=np.uint8)
    write_crop(tmp_path / "c.png", rgb)
    with open_image(tmp_path / "c.png") as source:
        assert (source.read_region(0, 0, 33, 33) == rgb).all()
