"""Pictures an analysis keeps: crops as they were, fields made small; and the sample a field's quality is judged by."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from hemascope.imaging.decode import ImageSource
from hemascope.imaging.resize import RgbArray, resize_rgb

FIELD_MAX_SIDE_PX = 640
_WHOLE_UP_TO_PX = 4096 * 4096  # above, a source is read piece by piece
_BAND_OUT_ROWS = 16
_SAMPLE_SIDE_PX = 1024


def write_crop(path: Path, rgb: RgbArray) -> None:
    """PNG, because crops are training data too: nothing may be lost. Raises OSError."""
    Image.fromarray(rgb).save(path, "PNG", compress_level=1)


def jpeg_bytes(rgb: RgbArray, quality: int = 82) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality)
    return out.getvalue()


def overview(source: ImageSource, max_side_px: int = FIELD_MAX_SIDE_PX) -> RgbArray:
    """The whole field, shrunk so that its longer side is at most `max_side_px`; large ones are read in bands."""
    scale = min(1.0, max_side_px / max(source.width, source.height))
    width, height = max(1, round(source.width * scale)), max(1, round(source.height * scale))
    if source.width * source.height <= _WHOLE_UP_TO_PX:
        return resize_rgb(source.read_region(0, 0, source.width, source.height), width, height)
    out = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _BAND_OUT_ROWS):
        bottom = min(height, top + _BAND_OUT_ROWS)
        y1, y2 = source.height * top // height, source.height * bottom // height
        out[top:bottom] = resize_rgb(source.read_region(0, y1, source.width, y2), width, bottom - top)
    return out


def quality_sample(source: ImageSource) -> RgbArray:
    """Pixels at full resolution to judge focus and exposure by: the field, or of a large one its most detailed window.

    Of nine windows on a grid the one with the strongest contrast is taken, because much of a slide is empty glass.
    """
    if source.width * source.height <= _WHOLE_UP_TO_PX:
        return source.read_region(0, 0, source.width, source.height)
    side_x, side_y = min(_SAMPLE_SIDE_PX, source.width), min(_SAMPLE_SIDE_PX, source.height)
    corners = [
        ((source.width - side_x) * column // 4, (source.height - side_y) * row // 4)
        for row in (1, 2, 3)
        for column in (1, 2, 3)
    ]
    windows = [source.read_region(x, y, x + side_x, y + side_y) for x, y in corners]
    return max(windows, key=lambda window: float(window.std()))
