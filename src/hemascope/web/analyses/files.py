"""The files of fields: as they came, and the pictures made of them, which carry no notes of the camera.

Pictures are made when they are first wanted and kept under names that follow from field and box: the folder `derived`
may be lost. Everything here raises OutputError where the disk cannot be written.
"""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from django.conf import settings
from django.core.files.storage import default_storage

from hemascope.errors import output_errors
from hemascope.imaging.crop import crop_window_xyxy
from hemascope.imaging.decode import DecodeLimits, ImageSource, open_image
from hemascope.imaging.resize import RgbArray
from hemascope.inference.pipeline import cut_window
from hemascope.service.output_folder import write_whole
from hemascope.service.pictures import jpeg_bytes, overview
from hemascope.web.analyses.choices import FieldKind
from hemascope.web.analyses.models import Cell, Field

DISPLAY_SIDE_PX = 4096
THUMBNAIL_SIDE_PX = 320
GALLERY_CONTEXT = 1.6  # side of a crop / longer side of the box
ARCHIVE_CONTEXT = 2.3  # wider: the classifier looks at the middle of an uploaded crop, as of the training pictures
_QUALITY = 90

Box = tuple[float, float, float, float]


def new_file_name() -> str:
    name = secrets.token_hex(16)
    return f"fields/{name[:2]}/{name}"


def stored_path(name: str) -> Path:
    return Path(default_storage.path(name))


def upload_limits() -> DecodeLimits:
    return DecodeLimits(
        max_bytes=settings.UPLOAD_MAX_BYTES,
        max_pixels=settings.UPLOAD_MAX_PIXELS,
        max_streamed_pixels=settings.UPLOAD_MAX_PIXELS,
    )


@contextmanager
def open_field(field: Field) -> Iterator[ImageSource]:
    """The field's pixels as they came. Raises a leaf of InputError, also where the file is gone."""
    with open_image(stored_path(field.file), upload_limits()) as source:
        yield source


def display_picture(field: Field) -> Path:
    """A JPEG of the whole field, at most `DISPLAY_SIDE_PX` on its longer side."""
    return _picture(field, "display.jpg", lambda source: overview(source, DISPLAY_SIDE_PX))


def thumbnail(field: Field) -> Path:
    return _picture(field, "thumbnail.jpg", lambda source: overview(source, THUMBNAIL_SIDE_PX))


def cell_picture(cell: Cell) -> Path:
    """A JPEG of the square around the cell; of a ready-made crop all of it."""
    if cell.field.kind == FieldKind.CROP:
        return thumbnail(cell.field)
    return _picture(cell.field, _crop_name(cell.box_xyxy), lambda source: cut_cell(source, cell.box_xyxy))


def keep_cell_pictures(field: Field, source: ImageSource, boxes_xyxy: list[Box]) -> None:
    """Makes the pictures of many cells while the field is open anyway."""
    for box in boxes_xyxy:
        _keep(field, _crop_name(box), cut_cell(source, box))


def keep_thumbnail(field: Field, source: ImageSource) -> None:
    _keep(field, "thumbnail.jpg", overview(source, THUMBNAIL_SIDE_PX))


def cut_cell(source: ImageSource, box_xyxy: Box, context: float = GALLERY_CONTEXT) -> RgbArray:
    return cut_window(source, crop_window_xyxy(np.array(box_xyxy, np.float32), context))


def remove_files(field: Field) -> None:
    """The upload and everything made of it."""
    stored_path(field.file).unlink(missing_ok=True)
    shutil.rmtree(stored_path(field.derived_folder), ignore_errors=True)


def _crop_name(box_xyxy: Box) -> str:
    return "_".join(f"{value:.2f}" for value in box_xyxy) + ".jpg"


def _picture(field: Field, name: str, make: Callable[[ImageSource], RgbArray]) -> Path:
    path = stored_path(f"{field.derived_folder}/{name}")
    if not path.is_file():
        with open_field(field) as source:
            _keep(field, name, make(source))
    return path


def _keep(field: Field, name: str, rgb: RgbArray) -> None:
    path = stored_path(f"{field.derived_folder}/{name}")
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, jpeg_bytes(rgb, _QUALITY))
