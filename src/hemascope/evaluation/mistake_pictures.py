"""Mistakes as pictures: a square crop each with boxes drawn, and a contact sheet of them."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hemascope.core.boxes import FloatArray
from hemascope.data.images import read_image
from hemascope.evaluation.mistakes import Mistake

CROP_PX = 176
TRUTH_COLOUR = "#00a846"
FOUND_COLOUR = "#1450ff"
LEGEND = "Green: annotated. Blue: reported. Thick: the mistake."
_CONTEXT = 2.2  # side of the crop / longer side of the box
_LEAST_SIDE_PX = 48  # of the image
_COLUMNS, _GAP, _LINE_PX, _HEAD_PX = 6, 12, 15, 54
_QUIET = "#505a64"


def mistake_crop(mistake: Mistake) -> Image.Image:
    """`CROP_PX` square around the mistake, its box thick; annotated cells green, reported boxes blue."""
    rgb = read_image(mistake.path)
    height, width = rgb.shape[:2]
    x1, y1, x2, y2 = (float(v) for v in mistake.box_xyxy)
    side = min(max(_CONTEXT * max(x2 - x1, y2 - y1), _LEAST_SIDE_PX), width, height)
    left = min(max((x1 + x2 - side) / 2, 0), width - side)
    top = min(max((y1 + y2 - side) / 2, 0), height - side)
    picture = Image.fromarray(rgb).resize(
        (CROP_PX, CROP_PX), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side)
    )
    draw = ImageDraw.Draw(picture)
    place = np.array([left, top, left, top], np.float32), CROP_PX / side
    for boxes, colour in ((mistake.truth.boxes_xyxy, TRUTH_COLOUR), (mistake.found.boxes_xyxy, FOUND_COLOUR)):
        for box in boxes:
            _outline(draw, box, place, colour, 1)
    _outline(draw, mistake.box_xyxy, place, TRUTH_COLOUR if mistake.is_miss else FOUND_COLOUR, 3)
    return picture


def caption(mistake: Mistake) -> tuple[str, str, str]:
    """Class and score, what overlaps it, where it comes from: the lines below a crop."""
    score = "" if mistake.score is None else f"{mistake.score:.2f}"
    if mistake.is_miss:
        score = f"missed, score {score}" if score else "missed"
    return f"{mistake.class_id} {score}", mistake.note, mistake.source


def contact_sheet(title: str, mistakes: Sequence[Mistake], crops: Sequence[Image.Image]) -> Image.Image:
    """All crops with their captions, every class from a new row on; a sheet without any says so."""
    places = _places([mistake.class_id for mistake in mistakes])
    cell_height = CROP_PX + 3 * _LINE_PX + _GAP
    rows = places[-1][0] + 1 if places else 0
    sheet = Image.new("RGB", (_GAP + _COLUMNS * (CROP_PX + _GAP), _HEAD_PX + rows * cell_height), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, 8), title if crops else f"{title}: none", "black", ImageFont.load_default(size=16))
    font = ImageFont.load_default(size=12)
    draw.text((_GAP, 30), LEGEND, _QUIET, font)
    for (row, column), mistake, crop in zip(places, mistakes, crops, strict=True):
        x, y = _GAP + column * (CROP_PX + _GAP), _HEAD_PX + row * cell_height
        sheet.paste(crop, (x, y))
        for line, text in enumerate(caption(mistake)):
            draw.text((x, y + CROP_PX + 1 + line * _LINE_PX), text, "black" if line == 0 else _QUIET, font)
    return sheet


def _places(class_ids: Sequence[str]) -> list[tuple[int, int]]:
    """Row and column of each."""
    places: list[tuple[int, int]] = []
    for index, class_id in enumerate(class_ids):
        if not places:
            places.append((0, 0))
        elif class_id != class_ids[index - 1] or places[-1][1] == _COLUMNS - 1:
            places.append((places[-1][0] + 1, 0))
        else:
            places.append((places[-1][0], places[-1][1] + 1))
    return places


def _outline(
    draw: ImageDraw.ImageDraw, box_xyxy: FloatArray, place: tuple[FloatArray, float], colour: str, width: int
) -> None:
    offset, scale = place
    x1, y1, x2, y2 = (float(v) for v in (box_xyxy - offset) * np.float32(scale))
    draw.rectangle((x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)), outline=colour, width=width)
