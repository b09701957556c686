"""Images of a dataset in memory."""

from pathlib import Path

from hemascope.errors import DatasetError, ImageError
from hemascope.imaging.decode import decode_image
from hemascope.imaging.resize import RgbArray


def read_image(path: Path) -> RgbArray:
    """A listed image `(height, width, 3)`. Raises DatasetError naming the file that is missing or damaged."""
    try:
        return decode_image(path.read_bytes())
    except (OSError, ImageError) as error:
        raise DatasetError(f"{path} is listed in the dataset but cannot be read: {error}") from error
