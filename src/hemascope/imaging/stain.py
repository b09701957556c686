"""Stains: colours of all images made alike, and densities of the single dyes."""

import numpy as np

from hemascope.core.boxes import FloatArray
from hemascope.imaging.lab import lab_to_rgb, rgb_to_lab
from hemascope.imaging.resize import RgbArray

# What every image is brought to: a May-Gruenwald-Giemsa smear of medium density, L*, a*, b*.
TARGET_MEAN = np.array([75, 12, -10], np.float32)
TARGET_STD = np.array([16, 10, 9], np.float32)

# Optical densities of haematoxylin, eosin and the rest in R, G, B (Ruifrok and Johnston 2001). Blood smears hold azure
# B in place of haematoxylin, whose blue is near enough to part the blue dye from the red one.
_DYES = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]], np.float32)
_TO_DYES = np.linalg.inv(_DYES).astype(np.float32)


def normalise_stain(rgb: RgbArray) -> RgbArray:
    """Mean and spread of L*, a*, b* brought to the target's (Reinhard et al. 2001, eq. 10 and 11, in CIE Lab).

    A plane without any spread becomes the target's mean.
    """
    lab = rgb_to_lab(rgb)
    mean, std = lab.mean(axis=(0, 1)), lab.std(axis=(0, 1))
    return lab_to_rgb((lab - mean) / np.maximum(std, 1e-3) * TARGET_STD + TARGET_MEAN)


def rgb_to_dyes(rgb: RgbArray) -> FloatArray:
    """Amounts of the three dyes `(..., 3)`: the optical density (Beer-Lambert), unmixed."""
    density = -np.log10((rgb.astype(np.float32) + 1) / 256)
    return np.asarray(density @ _TO_DYES)


def dyes_to_rgb(dyes: FloatArray) -> RgbArray:
    """The inverse; what is lighter than white or darker than black is clipped."""
    light = 256 * 10 ** -(dyes @ _DYES) - 1
    return np.asarray(np.clip(np.rint(light), 0, 255)).astype(np.uint8)
