"""Mistakes of a detector as pictures: a square crop each with boxes drawn."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from hemascope.core.boxes import FloatArray
from hemascope.data.images import read_image
from hemascope.evaluation.contact_sheet import CROP_PX, Tile
from hemascope.evaluation.mistakes import Mistake

TRUTH_COLOUR = "#00a846"
FOUND_COLOUR = "#1450ff"
LEGEND = "Green: annotated. Blue: reported. Thick: the mistake."
_CONTEXT = 2.2  # side of the crop / longer side of the box
_LEAST_SIDE_PX = 48  # of the image


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


def mistake_tiles(mistakes: Sequence[Mistake]) -> list[Tile]:
    """As contact sheets and pages show them, by class."""
    return [Tile(mistake.class_id, mistake_crop(mistake), caption(mistake), mistake.path.name) for mistake in mistakes]


def _outline(
    draw: ImageDraw.ImageDraw, box_xyxy: FloatArray, place: tuple[FloatArray, float], colour: str, width: int
) -> None:
    offset, scale = place
    x1, y1, x2, y2 = (float(v) for v in (box_xyxy - offset) * np.float32(scale))
    draw.rectangle((x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)), outline=colour, width=width)
