"""Width and height of an image file from its header; no pixel is decoded."""

from pathlib import Path

import tifffile
from PIL import BmpImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from hemascope.errors import DatasetError, ImageError
from hemascope.imaging.formats import HEAD_BYTES, ImageFormat, sniff_format
from hemascope.imaging.orientation import Orientation

_READERS: dict[ImageFormat, type[ImageFile.ImageFile]] = {
    ImageFormat.JPEG: JpegImagePlugin.JpegImageFile,
    ImageFormat.PNG: PngImagePlugin.PngImageFile,
    ImageFormat.BMP: BmpImagePlugin.BmpImageFile,
    ImageFormat.WEBP: WebPImagePlugin.WebPImageFile,
}
_EXIF_ORIENTATION = 274


def image_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels as displayed (EXIF orientation applied).

    Raises DatasetError when the file is missing or no image.
    """
    try:
        with path.open("rb") as handle:
            image_format = sniff_format(handle.read(HEAD_BYTES))
            handle.seek(0)
            if image_format is ImageFormat.TIFF:
                page = tifffile.TiffFile(handle).pages.first
                orientation = page.tags.valueof(_EXIF_ORIENTATION, default=1)
                return Orientation.from_exif(orientation).displayed_size(int(page.imagewidth), int(page.imagelength))
            with _READERS[image_format](handle) as image:
                orientation = image.getexif().get(_EXIF_ORIENTATION)
                return Orientation.from_exif(orientation).displayed_size(image.width, image.height)
    except FileNotFoundError as error:
        raise DatasetError(f"the image {path} does not exist, but its size is needed; put it there") from error
    except (OSError, ImageError, SyntaxError, ValueError, LookupError, tifffile.TiffFileError) as error:
        raise DatasetError(f"the size of the image {path} cannot be read: {error}; copy the file again") from error
