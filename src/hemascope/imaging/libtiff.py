"""LZW and PackBits segments through libtiff, which survives damaged data; the decoders of imagecodecs crash on it."""

import io
import math
import struct
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import ImageFile, TiffImagePlugin

from hemascope.errors import ImageTruncatedError
from hemascope.imaging.colour import Samples

_LZW, _PACKBITS = 5, 32773
COMPRESSIONS = (_LZW, _PACKBITS)
_SHORT, _LONG = 3, 4  # field types of TIFF


@dataclass(frozen=True, slots=True)
class LibtiffCoding:
    """How the samples of a segment were packed before and by the compression."""

    compression: int
    fill_order: int
    bits: int
    is_differenced: bool  # each sample holds the difference to its left neighbour

    @classmethod
    def of_page(cls, page: tifffile.TiffPage) -> Self:
        is_differenced = page.predictor == 2 and page.compression == _LZW
        return cls(int(page.compression), int(page.fillorder), page.bitspersample, is_differenced)


def decode_segment(data: bytes, coding: LibtiffCoding, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Samples:
    """One strip or tile of `shape` `(height, width, samples)`; `dtype` says the byte order of the file.

    Raises ImageTruncatedError when the data ends early or is damaged.
    """
    height, width, samples = shape
    rows = _decompress(data, coding, height, math.ceil(width * samples * coding.bits / 8))
    native = dtype.newbyteorder("=")
    if coding.bits == 8 * dtype.itemsize:
        values = rows.view(dtype).astype(native, copy=False).reshape(shape)
        return np.cumsum(values, axis=1, dtype=native) if coding.is_differenced else values
    single_bits = np.unpackbits(rows, axis=1)[:, : width * samples * coding.bits].reshape(*shape, coding.bits)
    return (single_bits @ (1 << np.arange(coding.bits)[::-1])).astype(native)


def _decompress(data: bytes, coding: LibtiffCoding, height: int, row_bytes: int) -> NDArray[np.uint8]:
    """Wraps the data into a grey TIFF of one strip, `(height, row_bytes)`, and has it read."""
    fields = [
        (256, _LONG, row_bytes), (257, _LONG, height), (258, _SHORT, 8), (259, _SHORT, coding.compression),
        (262, _SHORT, 1), (266, _SHORT, coding.fill_order), (273, _LONG, 8), (277, _SHORT, 1), (278, _LONG, height),
        (279, _LONG, len(data)),
    ]  # fmt: skip
    data += bytes(len(data) % 2)  # the directory starts at an even place
    header = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in fields)
    file = io.BytesIO(header + data + struct.pack("<H", len(fields)) + directory + bytes(4))
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # global, and WeasyPrint switches it on when it is imported
    try:
        with TiffImagePlugin.TiffImageFile(file) as image:
            return np.array(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageTruncatedError(f"a segment of the TIFF ends early or is damaged ({error}); copy it again") from error
