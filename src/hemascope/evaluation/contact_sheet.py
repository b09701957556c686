"""Mistakes side by side in one picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

CROP_PX = 176
_COLUMNS, _GAP, _LINE_PX, _HEAD_PX = 6, 12, 15, 54
_QUIET = "#505a64"


@dataclass(frozen=True, slots=True)
class Tile:
    """A square picture of `CROP_PX`; those of one `group`, such as a class, stand together."""

    group: str
    picture: Image.Image
    lines: tuple[str, str, str]  # below the picture, the first one prominent
    file: str


def contact_sheet(title: str, legend: str, tiles: Sequence[Tile]) -> Image.Image:
    """All tiles with their captions, every group from a new row on; a sheet without any says so."""
    places = _places([tile.group for tile in tiles])
    cell_height = CROP_PX + 3 * _LINE_PX + _GAP
    rows = places[-1][0] + 1 if places else 0
    sheet = Image.new("RGB", (_GAP + _COLUMNS * (CROP_PX + _GAP), _HEAD_PX + rows * cell_height), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, 8), title if tiles else f"{title}: none", "black", ImageFont.load_default(size=16))
    font = ImageFont.load_default(size=12)
    draw.text((_GAP, 30), legend, _QUIET, font)
    for (row, column), tile in zip(places, tiles, strict=True):
        x, y = _GAP + column * (CROP_PX + _GAP), _HEAD_PX + row * cell_height
        sheet.paste(tile.picture, (x, y))
        for line, text in enumerate(tile.lines):
            draw.text(
                (x, y + CROP_PX + 1 + line * _LINE_PX), text.replace("_", " "), "black" if line == 0 else _QUIET, font
            )
    return sheet


def _places(groups: Sequence[str]) -> list[tuple[int, int]]:
    """Row and column of each."""
    places: list[tuple[int, int]] = []
    for index, group in enumerate(groups):
        if not places:
            places.append((0, 0))
        elif group != groups[index - 1] or places[-1][1] == _COLUMNS - 1:
            places.append((places[-1][0] + 1, 0))
        else:
            places.append((places[-1][0], places[-1][1] + 1))
    return places
