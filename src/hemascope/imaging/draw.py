"""Boxes and labels on a field, for reports and for the eye."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hemascope.core.detections import Detections
from hemascope.imaging.resize import RgbArray


def draw_detections(
    rgb: RgbArray, detections: Detections, class_names: Sequence[str], colours: Sequence[str]
) -> RgbArray:
    """A copy of the field `(height, width, 3)` with a box and a label "name 97%" a cell.

    `class_names` and `colours` ("#rrggbb") are indexed by class id.
    Line width and text grow with the image, but stay small beside a cell.
    """
    image = Image.fromarray(rgb)
    canvas = ImageDraw.Draw(image)
    longer_side = max(image.size)
    line_width = min(3, max(1, round(longer_side / 500)))
    font = ImageFont.load_default(size=min(14, max(9, longer_side / 60)))
    for box, score, class_id in zip(detections.boxes_xyxy, detections.scores, detections.class_ids, strict=True):
        colour = colours[class_id]
        x1, y1, x2, y2 = (float(v) for v in box)
        canvas.rectangle((x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)), outline=colour, width=line_width)
        text = f"{class_names[class_id]} {score:.0%}"
        left, top, right, bottom = canvas.textbbox((0, 0), text, font=font)
        text_width, text_height = right - left + 4, bottom - top + 4
        label_x = min(max(x1, 0), max(0, image.width - text_width))
        label_y = y1 - text_height if y1 >= text_height else y1 + line_width
        canvas.rectangle((label_x, label_y, label_x + text_width, label_y + text_height), fill=colour)
        canvas.text((label_x + 2 - left, label_y + 2 - top), text, fill=_readable_on(colour), font=font)
    return np.array(image)


def _readable_on(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "white"
