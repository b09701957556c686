"""What the HTML pages of evaluations share: tables, pictures inside the page, galleries of mistakes."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import jinja2
from PIL import Image

from hemascope.evaluation.contact_sheet import Tile

FOLDER = "pictures_with_data"  # what lies in it shows the dataset
_JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Table:
    """A row of `rows` fills `columns`; numbers are right-aligned, fractions have four digits."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A tile as a page shows it."""

    data_uri: str
    file: str
    lines: tuple[str, str, str]


def gallery(tiles: Sequence[Tile]) -> tuple[tuple[Shown, ...], ...]:
    """The tiles of each group."""
    return tuple(
        tuple(Shown(_jpeg_uri(tile.picture), tile.file, tile.lines) for tile in group)
        for _, group in groupby(tiles, key=lambda tile: tile.group)
    )


def png_uri(path: Path) -> str:
    """A picture file as part of the page. Raises OSError."""
    return _data_uri(path.read_bytes(), "png")


def write_page(template: str, page: object, path: Path) -> None:
    """Renders a template of this package; the page loads nothing from outside. Raises OSError."""
    path.write_text(_environment().get_template(template).render(page=page), encoding="utf-8")


def _jpeg_uri(picture: Image.Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return _data_uri(stream.getvalue(), "jpeg")


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _environment() -> jinja2.Environment:
    # file names are hostile text: everything is escaped, and an unknown name is an error
    return jinja2.Environment(
        loader=jinja2.PackageLoader("hemascope.evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
