"""The files of fields: as they came, and the pictures made of them, which carry no notes of the camera.

Pictures are made when they are first wanted and kept under names that follow from field and box: the folder `derived`
may be lost. Everything here raises OutputError where the disk cannot be written, FileStoreError where a bucket is away.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

import numpy as np
from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from hemascope.errors import InputNotFoundError, InputUnreadableError
from hemascope.imaging.crop import crop_window_xyxy
from hemascope.imaging.decode import DecodeLimits, ImageSource, open_image_in
from hemascope.imaging.resize import RgbArray
from hemascope.inference.pipeline import cut_window
from hemascope.service.pictures import jpeg_bytes, overview
from hemascope.web.analyses.choices import FieldKind
from hemascope.web.analyses.models import Cell, Field
from hemascope.web.storage import stored_names

DISPLAY_SIDE_PX = 4096
THUMBNAIL_SIDE_PX = 320
GALLERY_CONTEXT = 1.6  # side of a crop / longer side of the box
ARCHIVE_CONTEXT = 2.3  # wider: the classifier looks at the middle of an uploaded crop, as of the training pictures
_QUALITY = 90

Box = tuple[float, float, float, float]


def new_file_name() -> str:
    name = secrets.token_hex(16)
    return f"fields/{name[:2]}/{name}"


def upload_limits() -> DecodeLimits:
    return DecodeLimits(
        max_bytes=settings.UPLOAD_MAX_BYTES,
        max_pixels=settings.UPLOAD_MAX_PIXELS,
        max_streamed_pixels=settings.UPLOAD_MAX_PIXELS,
    )


@contextmanager
def open_field(field: Field) -> Iterator[ImageSource]:
    """The field's pixels as they came. Raises a leaf of InputError, also where the file is gone."""
    try:
        file = default_storage.open(field.file)
    except FileNotFoundError as error:
        message = _("the file of '%(name)s' does not exist (any more)") % {"name": field.original_name}
        raise InputNotFoundError(message) from error
    except OSError as error:
        values = {"name": field.original_name, "why": error.strerror}
        raise InputUnreadableError(_("the file of '%(name)s' cannot be read: %(why)s") % values) from error
    with file, open_image_in(cast(BinaryIO, file.file), field.original_name, upload_limits()) as source:
        yield source


def display_picture(field: Field) -> bytes:
    """A JPEG of the whole field, at most `DISPLAY_SIDE_PX` on its longer side."""
    return _picture(field, "display.jpg", lambda source: overview(source, DISPLAY_SIDE_PX))


def thumbnail(field: Field) -> bytes:
    return _picture(field, "thumbnail.jpg", lambda source: overview(source, THUMBNAIL_SIDE_PX))


def cell_picture(cell: Cell) -> bytes:
    """A JPEG of the square around the cell; of a ready-made crop all of it."""
    if cell.field.kind == FieldKind.CROP:
        return thumbnail(cell.field)
    return _picture(cell.field, _crop_name(cell.box_xyxy), lambda source: cut_cell(source, cell.box_xyxy))


def keep_cell_pictures(field: Field, source: ImageSource, boxes_xyxy: list[Box]) -> None:
    """Makes the pictures of many cells while the field is open anyway."""
    for box in boxes_xyxy:
        _keep(field, _crop_name(box), cut_cell(source, box))


def keep_upload(field: Field, content: BinaryIO) -> None:
    default_storage.save(field.file, File(content))


def keep_thumbnail(field: Field, source: ImageSource) -> None:
    _keep(field, "thumbnail.jpg", overview(source, THUMBNAIL_SIDE_PX))


def cut_cell(source: ImageSource, box_xyxy: Box, context: float = GALLERY_CONTEXT) -> RgbArray:
    return cut_window(source, crop_window_xyxy(np.array(box_xyxy, np.float32), context))


def remove_files(field: Field) -> None:
    """The upload and everything made of it."""
    for name in (*stored_names(field.derived_folder), field.derived_folder, field.file):
        default_storage.delete(name)


def _crop_name(box_xyxy: Box) -> str:
    return "_".join(f"{value:.2f}" for value in box_xyxy) + ".jpg"


def _picture(field: Field, name: str, make: Callable[[ImageSource], RgbArray]) -> bytes:
    try:
        with default_storage.open(f"{field.derived_folder}/{name}") as file:
            return bytes(file.read())
    except FileNotFoundError:
        with open_field(field) as source:
            return _keep(field, name, make(source))


def _keep(field: Field, name: str, rgb: RgbArray) -> bytes:
    content = jpeg_bytes(rgb, _QUALITY)
    default_storage.save(f"{field.derived_folder}/{name}", ContentFile(content))
    return content
