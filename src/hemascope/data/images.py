"""Images of a dataset in memory."""

from pathlib import Path

import numpy as np

from hemascope.data.sample import CellSample
from hemascope.errors import DatasetError, ImageError
from hemascope.imaging.decode import decode_image
from hemascope.imaging.resize import RgbArray


def read_image(path: Path) -> RgbArray:
    """A listed image `(height, width, 3)`. Raises DatasetError naming the file that is missing or damaged."""
    try:
        return decode_image(path.read_bytes())
    except (OSError, ImageError) as error:
        raise DatasetError(f"{path} is listed in the dataset but cannot be read: {error}") from error


def read_cell(sample: CellSample) -> RgbArray:
    """The image of a sample, burnt-in writing painted over with the median colour. Raises DatasetError likewise."""
    rgb = read_image(sample.path)
    if sample.writing_xyxy is None:
        return rgb
    height, width = rgb.shape[:2]
    x1, y1, x2, y2 = (round(v * side) for v, side in zip(sample.writing_xyxy, (width, height) * 2, strict=True))
    clean = rgb.copy()
    clean[y1:y2, x1:x2] = np.median(rgb, axis=(0, 1)).astype(np.uint8)
    return clean
