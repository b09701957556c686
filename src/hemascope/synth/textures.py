"""Cached, tileable noise from which every texture is cut, so that a cell costs a slice instead of a filter."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FloatMap = NDArray[np.float32]

_TILE_PX = 512
_STEPS_PER_OCTAVE = 4  # scales are rounded to this grid: it bounds the cache, the eye sees no difference


@lru_cache(maxsize=48)
def _noise_tile(step: int, is_grain: bool) -> FloatMap:
    sigma_px = 2.0 ** (step / _STEPS_PER_OCTAVE)
    white = np.random.default_rng([step + 64, int(is_grain)]).standard_normal((_TILE_PX, _TILE_PX), dtype=np.float32)
    tile = ndimage.gaussian_filter(white, sigma_px, mode="wrap")
    if is_grain:
        tile -= ndimage.gaussian_filter(tile, sigma_px, mode="wrap")
    tile -= tile.mean()
    tile /= tile.std()
    tile.setflags(write=False)
    return np.asarray(tile, dtype=np.float32)


def _cut(rng: np.random.Generator, shape: tuple[int, int], sigma_px: float, is_grain: bool) -> FloatMap:
    step = round(_STEPS_PER_OCTAVE * np.log2(min(max(sigma_px, 0.35), _TILE_PX / 8)))
    top, left = rng.integers(0, _TILE_PX, size=2)
    turns = int(rng.integers(0, 4))
    tile = np.rot90(_noise_tile(step, is_grain), turns)
    rows = (top + np.arange(shape[0])) % _TILE_PX
    columns = (left + np.arange(shape[1])) % _TILE_PX
    return tile[np.ix_(rows, columns)]


def cut_clouds(rng: np.random.Generator, shape: tuple[int, int], sigma_px: float) -> FloatMap:
    """Smooth noise of mean 0 and deviation 1 whose features are about `2 * sigma_px` wide."""
    return _cut(rng, shape, sigma_px, is_grain=False)


def cut_grain(rng: np.random.Generator, shape: tuple[int, int], sigma_px: float) -> FloatMap:
    """Band-limited noise of mean 0 and deviation 1: worm-like strands about `2 * sigma_px` wide, as chromatin has."""
    return _cut(rng, shape, sigma_px, is_grain=True)
