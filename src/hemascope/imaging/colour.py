"""Samples of any common pixel format to 8-bit RGB."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from hemascope.errors import ImageTypeUnsupportedError
from hemascope.imaging.resize import RgbArray

Samples = NDArray[Any]  # (height, width, samples): bool, integers or floats as the file holds them
Colours = Literal["grey", "inverted grey", "palette", "rgb", "cmyk", "ycbcr", "lab"]
_FULL_SCALES = (255, 4095, 65535)  # cameras deliver 8, 12 or 16 bits, whatever the container


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """What the samples of a pixel mean; `palette` is `(n, 3)` uint8 where `colours` is "palette"."""

    colours: Colours
    alpha: Literal["none", "straight", "premultiplied"] = "none"
    palette: NDArray[np.uint8] | None = None

    @property
    def colour_samples(self) -> int:
        return {"grey": 1, "inverted grey": 1, "palette": 1, "cmyk": 4}.get(self.colours, 3)


def full_scale_of(samples: Samples, declared_bits: int) -> float:
    """The sample value that becomes 255.

    Fewer declared bits than the container holds settle it (10 bits: 1023). Otherwise an image of 16 or 32 bits has the
    smallest of the ranges 255, 4095 (12-bit cameras) and 65535 that holds its brightest sample; one of floats also 1.0.
    Raises ImageTypeUnsupportedError for negative, endless or larger values.
    """
    if samples.dtype == np.uint8 or declared_bits not in (8, 16, 32, 64):
        return float(2**declared_bits - 1)
    low, high = float(samples.min()), float(samples.max())
    scales = (1.0, *_FULL_SCALES) if samples.dtype.kind == "f" else _FULL_SCALES
    for scale in scales:
        if low >= 0 and high <= scale:
            return scale
    raise ImageTypeUnsupportedError(
        f"sample values reach from {low:g} to {high:g}; save the image with 8 or 16 bits a sample"
    )


def samples_to_rgb(samples: Samples, pixel_format: PixelFormat, full_scale: float) -> RgbArray:
    """`(height, width, samples)` to `(height, width, 3)` uint8; transparent pixels lie on white."""
    count = pixel_format.colour_samples
    if pixel_format.palette is not None:
        rgb: RgbArray = np.take(pixel_format.palette, samples[..., 0], axis=0, mode="clip")
    else:
        rgb = _colours_to_rgb(_to_bytes(samples[..., :count], full_scale), pixel_format.colours)
    if pixel_format.alpha == "none":
        return rgb
    return _over_white(rgb, _to_bytes(samples[..., count], full_scale), pixel_format.alpha == "premultiplied")


def _to_bytes(samples: Samples, full_scale: float) -> NDArray[np.uint8]:
    if samples.dtype == np.uint8 and full_scale == 255:
        return samples
    if samples.dtype.kind == "f":
        return np.rint(np.clip(samples, 0, full_scale) * (255 / full_scale)).astype(np.uint8)
    table = np.rint(np.arange(int(full_scale) + 1) * (255 / full_scale)).astype(np.uint8)
    return np.take(table, samples, mode="clip")


def _colours_to_rgb(values: NDArray[np.uint8], colours: Colours) -> RgbArray:
    if colours == "rgb":
        return values
    if colours in ("grey", "inverted grey"):
        grey = values if colours == "grey" else 255 - values
        return np.repeat(grey, 3, axis=2)
    height, width = values.shape[:2]
    mode = {"cmyk": "CMYK", "ycbcr": "YCbCr", "lab": "LAB"}[colours]
    image = Image.frombytes(mode, (width, height), np.ascontiguousarray(values).tobytes())
    if colours != "lab":
        return np.array(image.convert("RGB"))
    converted = ImageCms.profileToProfile(
        image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert converted is not None  # only None when converting in place
    return np.array(converted)


def _over_white(rgb: RgbArray, alpha: NDArray[np.uint8], is_premultiplied: bool) -> RgbArray:
    if (alpha == 255).all():
        return rgb
    weight = alpha[..., None].astype(np.uint16)
    colour = rgb * np.uint16(255) if is_premultiplied else rgb * weight
    blended: RgbArray = np.minimum((colour + (255 - weight).astype(np.uint32) * 255 + 127) // 255, 255).astype(np.uint8)
    return blended
