"""TIFF of any size: whole, or region by region so that a slide never has to fit into memory."""

import io
import logging
import math
import struct
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
import tifffile
from PIL import JpegImagePlugin

from hemascope.errors import ImageTooLargeError, ImageTruncatedError, ImageTypeUnsupportedError, InputUnreadableError
from hemascope.imaging import libtiff
from hemascope.imaging.colour import Samples, full_scale_of, samples_to_rgb
from hemascope.imaging.orientation import Orientation
from hemascope.imaging.resize import RgbArray
from hemascope.imaging.tiff_page import is_jpeg, pixel_format

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what it logs reaches the caller as a typed error

_TRAVERSAL_ROWS = 1024  # tiles are read row by row: strips that one row of them touches should stay decoded
_MAX_TILE_PIXELS = 4096 * 4096  # of an image that is smaller than its tile
_PROBE_GRID, _PROBE_SIDE_PX = 4, 256
_RESAVE = "save it as a tiled TIFF (for example `vips tiffsave in.tif out.tif --tile --compression jpeg --bigtiff`)"


@contextmanager
def _named_damage() -> Iterator[None]:
    """Turns what tifffile and its codecs raise about broken content into our errors."""
    try:
        yield
    except NotImplementedError as error:
        raise ImageTypeUnsupportedError(
            f"the TIFF uses a feature that cannot be read ({error}); save it again"
        ) from error
    except MemoryError as error:
        raise ImageTooLargeError(f"the TIFF needs more memory than there is; {_RESAVE}") from error
    except OSError as error:
        raise InputUnreadableError(f"the TIFF cannot be read: {error}") from error
    except (
        tifffile.TiffFileError, struct.error, ValueError, TypeError, LookupError, ArithmeticError, AttributeError,
        AssertionError, EOFError, RuntimeError,
    ) as error:  # fmt: skip
        raise ImageTruncatedError(f"the TIFF ends early or is damaged: {error}") from error


class TiffImage:
    """First page of a TIFF as an image source, its orientation applied; keeps up to `cache_bytes` of decoded segments.

    Segments (tiles or strips) are decoded only when a region touches them. Reads are not thread-safe.
    Raises ImageTypeUnsupportedError for formats and compressions without a reader, ImageTruncatedError for damage.
    """

    def __init__(self, handle: BinaryIO, cache_bytes: int) -> None:
        self._file_bytes = handle.seek(0, 2)
        handle.seek(0)
        self._handle = handle
        with _named_damage():
            self._tiff = tifffile.TiffFile(handle, name="image")  # that of a temporary file is a number
            self._page = self._tiff.pages.first
            self._orientation = Orientation.from_exif(self._page.tags.valueof(274, default=1))
            self._stored_width, self._stored_height = int(self._page.imagewidth), int(self._page.imagelength)
            self.width, self.height = self._orientation.displayed_size(self._stored_width, self._stored_height)
            self._format = pixel_format(self._page)
            self._is_raw = self._page.is_final and not self._page.is_tiled and self._page.planarconfig == 1
            # rowsperstrip may be 2**32 - 1, "all in one"
            self._segment_height = int(self._page.tilelength) or min(int(self._page.rowsperstrip), self._stored_height)
            self._segment_width = int(self._page.tilewidth) or self._stored_width
            self._pixel_bytes = self._page.samplesperpixel * np.dtype(self._page.dtype).itemsize
        self._check_segment_size()
        self._cache: OrderedDict[int, Samples] = OrderedDict()
        self._cache_bytes = cache_bytes
        self._cached_bytes = 0
        self._full_scale: float | None = None

    def _check_segment_size(self) -> None:
        """A damaged or hostile header may promise tiles that no memory holds."""
        pixels = self._segment_height * self._segment_width
        if pixels > max(self.width * self.height, _MAX_TILE_PIXELS):
            raise ImageTooLargeError(
                f"tiles of {self._segment_width} x {self._segment_height} in an image of "
                f"{self.width} x {self.height} pixels; {_RESAVE}"
            )

    def check_streamable(self) -> None:
        """Raises ImageTooLargeError when regions cannot be read within the memory that the cache may take."""
        if self._is_raw:
            return
        rows = self._segment_height if self._page.is_tiled else self._segment_height + _TRAVERSAL_ROWS
        if rows * self._segment_width * self._pixel_bytes > self._cache_bytes:
            kind = "tiles" if self._page.is_tiled else "compressed strips"
            raise ImageTooLargeError(
                f"{self.width} x {self.height} pixels in {kind} of {self._segment_width} x {self._segment_height} "
                f"cannot be read piece by piece; {_RESAVE}"
            )

    def read_region(self, x1: int, y1: int, x2: int, y2: int) -> RgbArray:
        """Pixels `(y2 - y1, x2 - x1, 3)` of the displayed image; brightness range judged once, from 16 spots of it."""
        with _named_damage():
            if self._full_scale is None:
                self._full_scale = self._probe_full_scale()
            samples = self._read_samples(*self._orientation.stored_window(x1, y1, x2, y2, self.width, self.height))
            return self._orientation.apply(samples_to_rgb(samples, self._format, self._full_scale))

    def read_whole(self) -> RgbArray:
        """The image `(height, width, 3)`; brightness range judged from every sample."""
        with _named_damage():
            samples = self._read_samples(0, 0, self._stored_width, self._stored_height)
            full_scale = full_scale_of(samples, self._page.bitspersample)
            return self._orientation.apply(samples_to_rgb(samples, self._format, full_scale))

    def close(self) -> None:
        self._cache.clear()
        self._tiff.close()

    def _probe_full_scale(self) -> float:
        bits = self._page.bitspersample
        width, height = self._stored_width, self._stored_height
        lefts, tops = (
            np.linspace(0, max(0, side - _PROBE_SIDE_PX), _PROBE_GRID).astype(int) for side in (width, height)
        )
        scales = [
            full_scale_of(
                self._read_samples(
                    int(x), int(y), min(int(x) + _PROBE_SIDE_PX, width), min(int(y) + _PROBE_SIDE_PX, height)
                ),
                bits,
            )
            for y in tops
            for x in lefts
        ]
        return max(scales)

    def _read_samples(self, x1: int, y1: int, x2: int, y2: int) -> Samples:
        """`(y2 - y1, x2 - x1, samples)` as stored."""
        if self._is_raw:
            return self._read_raw(x1, y1, x2, y2)
        page = self._page
        across = math.ceil(self._stored_width / self._segment_width)
        down = math.ceil(self._stored_height / self._segment_height)
        planes = page.samplesperpixel if page.planarconfig == 2 else 1
        out = np.empty((y2 - y1, x2 - x1, page.samplesperpixel), page.dtype)
        for plane in range(planes):
            target = out[..., plane : plane + 1] if planes > 1 else out
            for row in range(y1 // self._segment_height, math.ceil(y2 / self._segment_height)):
                for column in range(x1 // self._segment_width, math.ceil(x2 / self._segment_width)):
                    left, top = column * self._segment_width, row * self._segment_height
                    xa, xb = max(x1, left), min(x2, left + self._segment_width)
                    ya, yb = max(y1, top), min(y2, top + self._segment_height)
                    height = (
                        self._segment_height if page.is_tiled else min(self._segment_height, self._stored_height - top)
                    )
                    segment = self._segment((plane * down + row) * across + column, height)
                    target[ya - y1 : yb - y1, xa - x1 : xb - x1] = segment[ya - top : yb - top, xa - left : xb - left]
        return out

    def _read_raw(self, x1: int, y1: int, x2: int, y2: int) -> Samples:
        """Uncompressed rows straight from the file, so that even one giant strip can be read in parts."""
        page = self._page
        stored = np.dtype(page.dtype).newbyteorder(self._tiff.byteorder)
        out = np.empty((y2 - y1, x2 - x1, page.samplesperpixel), page.dtype)
        for y in range(y1, y2):
            data = self._read_bytes(
                page.dataoffsets[0] + (y * self._stored_width + x1) * self._pixel_bytes, (x2 - x1) * self._pixel_bytes
            )
            out[y - y1] = np.frombuffer(data, stored).reshape(x2 - x1, page.samplesperpixel)
        return out

    def _segment(self, index: int, height: int) -> Samples:
        """Decoded tile or strip `(height, width, samples)`; an absent one (sparse file) holds the no-data value."""
        if index in self._cache:
            self._cache.move_to_end(index)
            return self._cache[index]
        count = self._page.databytecounts[index]
        data = self._read_bytes(self._page.dataoffsets[index], count) if count else None
        segment = self._decode_segment(data, index, height)
        self._cache[index] = segment
        self._cached_bytes += segment.nbytes
        while self._cached_bytes > self._cache_bytes and len(self._cache) > 1:
            self._cached_bytes -= self._cache.popitem(last=False)[1].nbytes
        return segment

    def _decode_segment(self, data: bytes | None, index: int, height: int) -> Samples:
        page = self._page
        shape = (height, self._segment_width, 1 if page.planarconfig == 2 else page.samplesperpixel)
        if data is None:
            return np.full(shape, page.nodata, page.dtype)
        if page.compression in libtiff.COMPRESSIONS:
            dtype = np.dtype(page.dtype).newbyteorder(self._tiff.byteorder)
            return libtiff.decode_segment(data, libtiff.LibtiffCoding.of_page(page), shape, dtype)
        tables = {}
        if is_jpeg(page):
            _check_jpeg_size(data, shape)
            tables = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
        decoded: Samples = np.asarray(page.decode(data, index, _fullsize=True, **tables)[0])[0]
        return decoded

    def _read_bytes(self, offset: int, count: int) -> bytes:
        if offset + count > self._file_bytes:
            raise ImageTruncatedError(
                f"the TIFF ends at byte {self._file_bytes}, but has pixels at {offset}..{offset + count}; copy it again"
            )
        self._handle.seek(offset)
        return self._handle.read(count)


def _check_jpeg_size(data: bytes, shape: tuple[int, int, int]) -> None:
    """A JPEG segment has a header of its own, which may promise any number of pixels."""
    try:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as jpeg:
            width, height = jpeg.size
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageTruncatedError(f"a JPEG segment of the TIFF is damaged ({error}); copy it again") from error
    if width > shape[1] or height > shape[0]:
        raise ImageTruncatedError(
            f"a JPEG segment of the TIFF has {width} x {height} pixels, expected {shape[1]} x {shape[0]}; copy it again"
        )
