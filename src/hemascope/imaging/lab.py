"""CIE L*a*b*: lightness and colour apart, with distances as the eye sees them."""

import numpy as np

from hemascope.core.boxes import FloatArray
from hemascope.imaging.resize import RgbArray

# sRGB (IEC 61966-2-1) to XYZ; rows sum to the white point D65, by which they are divided here.
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_TO_XYZ = (_XYZ / _XYZ.sum(axis=1, keepdims=True)).astype(np.float32)
_FROM_XYZ = np.linalg.inv(_XYZ / _XYZ.sum(axis=1, keepdims=True)).astype(np.float32)
_DELTA = np.float32(6 / 29)
_VALUES = np.arange(256) / 255
_LINEAR = np.where(_VALUES <= 0.04045, _VALUES / 12.92, ((_VALUES + 0.055) / 1.055) ** 2.4).astype(np.float32)


def rgb_to_lab(rgb: RgbArray) -> FloatArray:
    """sRGB `(..., 3)` uint8 to L* 0..100, a*, b* about -100..100."""
    xyz = np.take(_LINEAR, rgb) @ _TO_XYZ.T
    f = np.where(xyz > _DELTA**3, np.cbrt(xyz), xyz / (3 * _DELTA**2) + np.float32(4 / 29))
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def lab_to_rgb(lab: FloatArray) -> RgbArray:
    """The inverse; colours that sRGB has not are clipped."""
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    linear = np.where(f > _DELTA, f**3, 3 * _DELTA**2 * (f - np.float32(4 / 29))) @ _FROM_XYZ.T
    linear = np.clip(linear, 0, 1)
    values = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** np.float32(1 / 2.4) - 0.055)
    return np.asarray(values * 255 + 0.5).astype(np.uint8)
