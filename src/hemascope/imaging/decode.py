"""Image files to RGB arrays, safely: content decides the type, limits hold before any pixel is decoded.

Every image becomes `(height, width, 3)` uint8 RGB: EXIF orientation applied, transparency laid on white, palettes, grey
and CMYK converted, 16 bits scaled as `colour.full_scale_of` says, of several frames the first. Metadata and colour
profiles are dropped.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import imagecodecs
import numpy as np
from PIL import BmpImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from hemascope.errors import (
    ImageEmptyError,
    ImageTooLargeError,
    ImageTooSmallError,
    ImageTruncatedError,
    InputNotFoundError,
    InputUnreadableError,
)
from hemascope.imaging.colour import PixelFormat, full_scale_of, samples_to_rgb
from hemascope.imaging.formats import HEAD_BYTES, ImageFormat, sniff_format
from hemascope.imaging.orientation import Orientation
from hemascope.imaging.resize import RgbArray
from hemascope.imaging.tiff import TiffImage

# Opened by class and not by Image.open, whose bomb check is one global number that only warns up to twice its value.
_READERS: dict[ImageFormat, type[ImageFile.ImageFile]] = {
    ImageFormat.JPEG: JpegImagePlugin.JpegImageFile,
    ImageFormat.PNG: PngImagePlugin.PngImageFile,
    ImageFormat.BMP: BmpImagePlugin.BmpImageFile,
    ImageFormat.WEBP: WebPImagePlugin.WebPImageFile,
}
_PNG_BIT_DEPTH_AT = 24  # byte of the IHDR chunk
_PNG_16_BIT = {
    1: PixelFormat("grey"),
    2: PixelFormat("grey", "straight"),
    3: PixelFormat("rgb"),
    4: PixelFormat("rgb", "straight"),
}
# What Pillow and the codecs under it raise for broken content.
_DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError, EOFError, RuntimeError, struct.error,
    zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    max_bytes: int = 2 * 1024**3  # of a file that is decoded in memory
    max_pixels: int = 100_000_000  # of an image in memory; a larger TIFF is streamed
    max_streamed_pixels: int = 40_000_000_000
    min_side_px: int = 8
    stream_cache_bytes: int = 256 * 1024**2  # decoded tiles or strips of a streamed TIFF


class ImageSource(Protocol):
    """An image that is read window by window; `x1, y1, x2, y2` lie inside it."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    def read_region(self, x1: int, y1: int, x2: int, y2: int) -> RgbArray: ...

    def close(self) -> None: ...


class ArrayImage:
    """A decoded image `(height, width, 3)` as an image source; regions are views."""

    def __init__(self, rgb: RgbArray) -> None:
        self._rgb = rgb
        self.height, self.width = rgb.shape[:2]

    def read_region(self, x1: int, y1: int, x2: int, y2: int) -> RgbArray:
        return self._rgb[y1:y2, x1:x2]

    def close(self) -> None:
        """Nothing to release."""


def decode_image(data: bytes, limits: DecodeLimits = DecodeLimits()) -> RgbArray:
    """The content of one file as RGB. Raises a leaf of ImageError."""
    if not data:
        raise ImageEmptyError("the file is empty (0 bytes); copy it again")
    image_format = sniff_format(data[:HEAD_BYTES])
    _check_bytes(len(data), limits)
    if image_format is ImageFormat.TIFF:
        with closing(TiffImage(io.BytesIO(data), limits.stream_cache_bytes)) as tiff:
            _check_pixels(tiff.width, tiff.height, limits.max_pixels, limits)
            return tiff.read_whole()
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # global, and WeasyPrint switches it on when it is imported
    try:
        with _READERS[image_format](io.BytesIO(data)) as image:
            _check_pixels(image.width, image.height, limits.max_pixels, limits)
            if image_format is ImageFormat.PNG and data[_PNG_BIT_DEPTH_AT] == 16:
                rgb = _decode_png_16_bit(data)
            else:
                rgb = _pillow_to_rgb(image)
            return _exif_orientation(image).apply(rgb)
    except _DAMAGE as error:
        raise ImageTruncatedError(f"the {image_format} ends early or is damaged ({error}); copy it again") from error


@contextmanager
def open_image(path: Path, limits: DecodeLimits = DecodeLimits()) -> Iterator[ImageSource]:
    """The image of a file; a TIFF above `limits.max_pixels` is streamed, everything else decoded at once.

    Raises InputNotFoundError, InputUnreadableError or a leaf of ImageError; `read_region` of a streamed image does too.
    """
    with _open_file(path) as handle, open_image_in(handle, str(path), limits) as source:
        yield source


@contextmanager
def open_image_in(handle: BinaryIO, name: str, limits: DecodeLimits = DecodeLimits()) -> Iterator[ImageSource]:
    """As `open_image` for a file that is open already, of which `name` tells people; it stays open."""
    try:
        handle.seek(0)
        source = _source(handle, limits)
    except OSError as error:
        raise InputUnreadableError(f"{name} cannot be read: {error.strerror}") from error
    with closing(source):
        yield source


def _source(handle: BinaryIO, limits: DecodeLimits) -> ImageSource:
    head = handle.read(HEAD_BYTES)
    if head and sniff_format(head) is ImageFormat.TIFF:
        tiff = TiffImage(handle, limits.stream_cache_bytes)
        if tiff.width * tiff.height > limits.max_pixels:
            _check_pixels(tiff.width, tiff.height, limits.max_streamed_pixels, limits)
            tiff.check_streamable()
            return tiff
    _check_bytes(handle.seek(0, io.SEEK_END), limits)
    handle.seek(0)
    return ArrayImage(decode_image(handle.read(), limits))


@contextmanager
def _open_file(path: Path) -> Iterator[BinaryIO]:
    try:
        if path.exists() and not path.is_file():
            raise InputUnreadableError(f"{path} is a folder or a device; expected an image file")
        handle = path.open("rb")
    except FileNotFoundError as error:
        raise InputNotFoundError(f"{path} does not exist (any more); check the path") from error
    except OSError as error:
        raise InputUnreadableError(f"{path} cannot be read: {error.strerror}") from error
    with handle:
        yield handle


def _pillow_to_rgb(image: Image.Image) -> RgbArray:
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return np.array(image.convert("RGB"))


def _decode_png_16_bit(data: bytes) -> RgbArray:
    """Pillow would cut colour samples to their upper byte, and a 12-bit image to almost black."""
    samples = imagecodecs.png_decode(data)
    samples = samples.reshape(*samples.shape[:2], -1)
    return samples_to_rgb(samples, _PNG_16_BIT[samples.shape[2]], full_scale_of(samples, 16))


def _exif_orientation(image: Image.Image) -> Orientation:
    """A picture with a broken EXIF block is still a picture: it stays as stored."""
    try:
        return Orientation.from_exif(image.getexif().get(274))
    except _DAMAGE:
        return Orientation.from_exif(1)


def _check_bytes(size: int, limits: DecodeLimits) -> None:
    if size > limits.max_bytes:
        raise ImageTooLargeError(
            f"the file has {size:,} bytes, the limit is {limits.max_bytes:,}; save it as a tiled TIFF"
        )


def _check_pixels(width: int, height: int, max_pixels: int, limits: DecodeLimits) -> None:
    if width * height > max_pixels:
        raise ImageTooLargeError(
            f"{width} x {height} pixels, the limit is {max_pixels:,}; cut it, or save it as a tiled TIFF"
        )
    if min(width, height) < limits.min_side_px:
        raise ImageTooSmallError(f"{width} x {height} pixels; a field needs at least {limits.min_side_px} on each side")
