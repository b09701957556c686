"""Pictures of an analysis folder as data URIs, so that the report is one file."""

import base64
from pathlib import Path

from hemascope.errors import InputError, InputUnreadableError
from hemascope.imaging.decode import open_image
from hemascope.imaging.resize import resize_rgb
from hemascope.service.pictures import jpeg_bytes

CELL_SIDE_PX = 96


def path_inside(folder: Path, relative: str) -> Path:
    """`relative` in `folder`. Raises InputUnreadableError for a path that leads out of it."""
    path = (folder / relative).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise InputUnreadableError(f"'{relative}' lies outside the analysis folder '{folder}'; its tables were changed")
    return path


def cell_data_uri(crop: Path) -> str | None:
    """A crop as a small JPEG; None where the file is gone or no picture any more."""
    try:
        with open_image(crop) as source:
            rgb = source.read_region(0, 0, source.width, source.height)
    except InputError:
        return None
    return _jpeg_uri(jpeg_bytes(resize_rgb(rgb, CELL_SIDE_PX, CELL_SIDE_PX)))


def field_data_uri(picture: Path) -> str | None:
    """A picture of `fields/` as it is; None where the file is gone."""
    return _jpeg_uri(picture.read_bytes()) if picture.is_file() else None


def _jpeg_uri(data: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"
