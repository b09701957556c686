"""Is a field sharp and well exposed enough to be trusted?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from hemascope.imaging.resize import RgbArray

_SMOOTHING_PX = 0.85  # takes the grain of camera and JPEG out before edges are measured


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """Where a warning starts.

    Set on txl-pbc, 1286 fields of four sources: two of them count as blurred, and 1284 once a Gaussian of 3 px (at
    `focus_side_px`) has gone over them; no other warning appears.
    """

    focus_side_px: int = 640  # focus is judged with the longer side at this length, whatever the camera
    min_focus: float = 0.09
    min_brightness: float = 0.25
    max_brightness: float = 0.92
    min_contrast: float = 0.04
    max_black: float = 0.25  # fraction of pixels at the lower end of the range
    max_white: float = 0.5  # and at the upper end; clean glass may be white


@dataclass(frozen=True, slots=True)
class FieldQuality:
    """`focus` is the steepness of edges (1 / px^2, 0.1 to 0.7 when sharp), `brightness` mean and `contrast` standard
    deviation of the luminance (0..1). `warnings` holds the codes "blurred", "dark", "bright", "low-contrast".
    """

    focus: float
    brightness: float
    contrast: float
    is_blurred: bool
    is_dark: bool
    is_bright: bool
    warnings: tuple[str, ...]


def assess_quality(rgb: RgbArray, limits: QualityLimits = QualityLimits()) -> FieldQuality:
    """Focus and exposure of one field `(height, width, 3)`.

    Fresh noise on a blurred picture looks like detail and can hide the blur.
    """
    luminance = _luminance(rgb, limits.focus_side_px)
    focus, brightness, contrast = _focus(luminance), float(luminance.mean()), float(luminance.std())
    is_low_contrast = contrast < limits.min_contrast
    is_blurred = focus < limits.min_focus and not is_low_contrast  # without contrast there is no edge to judge
    is_dark = brightness < limits.min_brightness or float((luminance < 0.02).mean()) > limits.max_black
    is_bright = brightness > limits.max_brightness or float((luminance > 0.98).mean()) > limits.max_white
    codes = {"blurred": is_blurred, "dark": is_dark, "bright": is_bright, "low-contrast": is_low_contrast}
    warnings = tuple(code for code, applies in codes.items() if applies)
    return FieldQuality(focus, brightness, contrast, is_blurred, is_dark, is_bright, warnings)


def _luminance(rgb: RgbArray, longer_side_px: int) -> NDArray[np.float32]:
    """ITU-R BT.601 luminance in 0..1, resized; one channel first, because that is a third of the work."""
    height, width = rgb.shape[:2]
    scale = longer_side_px / max(height, width)
    size = (max(3, round(width * scale)), max(3, round(height * scale)))
    grey = Image.fromarray(rgb).convert("L").resize(size, Image.Resampling.BILINEAR)
    return np.asarray(grey, np.float32) * np.float32(1 / 255)


def _focus(luminance: NDArray[np.float32]) -> float:
    """Variance of the Laplacian over the energy of the gradient: neither contrast nor the number of edges matters."""
    smooth = ndimage.gaussian_filter(luminance, _SMOOTHING_PX)
    centre = smooth[1:-1, 1:-1]
    left, right, above, below = smooth[1:-1, :-2], smooth[1:-1, 2:], smooth[:-2, 1:-1], smooth[2:, 1:-1]
    laplacian = left + right + above + below - 4 * centre
    gradient_energy = float(((right - left) ** 2 + (below - above) ** 2).mean()) / 4
    return float(laplacian.var()) / gradient_energy if gradient_energy > 0 else 0.0
