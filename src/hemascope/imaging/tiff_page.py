"""Can the page of a TIFF be read, and what do its samples mean?"""

from typing import Literal

import numpy as np
import tifffile

from hemascope.errors import ImageTruncatedError, ImageTypeUnsupportedError
from hemascope.imaging.colour import Colours, PixelFormat

_JPEG = (7, 33007)
# None, LZW, JPEG, Deflate, PackBits, Zstandard: their decoders survive damaged data and keep to the segment's size.
_COMPRESSIONS = (1, 5, *_JPEG, 8, 32946, 32773, 50000)
_MAX_SAMPLES = 8  # colours, alpha and a few extra channels, which are ignored
_COLOURS: dict[int, Colours] = {
    0: "inverted grey", 1: "grey", 2: "rgb", 3: "palette", 5: "cmyk", 6: "ycbcr", 8: "lab",
}  # fmt: skip


def is_jpeg(page: tifffile.TiffPage) -> bool:
    return page.compression in _JPEG


def pixel_format(page: tifffile.TiffPage) -> PixelFormat:
    """Raises ImageTypeUnsupportedError when no reader exists, ImageTruncatedError when the page contradicts itself."""
    if page.compression not in _COMPRESSIONS:
        raise ImageTypeUnsupportedError(
            f"TIFF compression {page.compression!r} is not read; save it with Deflate or JPEG"
        )
    if page.dtype is None or page.imagedepth > 1:
        raise ImageTypeUnsupportedError(
            f"TIFF with {page.bitspersample}-bit samples and depth {page.imagedepth}; save it as flat 8- or 16-bit RGB"
        )
    if page.is_subsampled and not is_jpeg(page):
        raise ImageTypeUnsupportedError("TIFF with reduced colour resolution outside JPEG; save it as 8- or 16-bit RGB")
    if page.predictor not in (1, 2) and page.compression == 5:
        raise ImageTypeUnsupportedError(f"TIFF with LZW and predictor {page.predictor!r}; save it with Deflate")
    colours = _COLOURS.get(page.photometric)
    if colours == "ycbcr" and is_jpeg(page):
        colours = "rgb"  # the JPEG decoder converts
    if colours is None or page.samplesperpixel > _MAX_SAMPLES:
        raise ImageTypeUnsupportedError(
            f"TIFF with colours {page.photometric!r} and {page.samplesperpixel} channels; save it as 8- or 16-bit RGB"
        )
    result = PixelFormat(colours, _alpha(page), _palette(page) if colours == "palette" else None)
    if page.samplesperpixel < result.colour_samples + (result.alpha != "none"):
        raise ImageTruncatedError(f"the TIFF has {page.samplesperpixel} channels, too few for {colours}; save it again")
    return result


def _palette(page: tifffile.TiffPage) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """`(entries, 3)`; some writers fill the 16-bit table with 8-bit values."""
    if page.colormap is None:
        raise ImageTruncatedError("the TIFF promises a palette and holds none; save it again")
    table = page.colormap.T
    return (table >> 8 if table.max() > 255 else table).astype(np.uint8)


def _alpha(page: tifffile.TiffPage) -> Literal["none", "straight", "premultiplied"]:
    """Only a first extra channel that is declared as alpha counts; undeclared ones are other measurements."""
    kinds = page.extrasamples
    if not kinds:
        return "none"
    if kinds[0] == tifffile.EXTRASAMPLE.ASSOCALPHA:
        return "premultiplied"
    return "straight" if kinds[0] == tifffile.EXTRASAMPLE.UNASSALPHA else "none"
