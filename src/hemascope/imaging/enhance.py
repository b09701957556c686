"""Light and sharpness as ADSA-Net wants them (models.md section 3)."""

import numpy as np
from scipy.ndimage import convolve

from hemascope.imaging.resize import RgbArray

MIDDLE = 0.5  # m of the equation: an image of this mean stays as it is
_SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)


def adaptive_gamma(rgb: RgbArray) -> RgbArray:
    """`O = I^(1 / (1 + m - mean(I)))` with I in 0..1 and m = 0.5, over all pixels and colours.

    As printed the equation spreads the tones: an image brighter than the middle gets an exponent above 1, hence darker.
    """
    values = np.arange(256) / 255
    exponent = 1 / (1 + MIDDLE - float(rgb.mean()) / 255)
    table = np.rint(values**exponent * 255).astype(np.uint8)
    return np.take(table, rgb)


def sharpen(rgb: RgbArray) -> RgbArray:
    """Five times the pixel minus its four neighbours; at the border the nearest pixel repeats."""
    sharp = convolve(rgb.astype(np.float32), _SHARPEN[..., None], mode="nearest")
    return np.clip(sharp, 0, 255).astype(np.uint8)
