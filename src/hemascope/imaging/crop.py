"""The crop rule: which square of a field a classifier sees. Training and serving share it."""

import numpy as np

from hemascope.core.boxes import FloatArray
from hemascope.imaging.resize import RgbArray


def crop_window_xyxy(box_xyxy: FloatArray, context: float) -> tuple[int, int, int, int]:
    """Square `x1, y1, x2, y2` in whole pixels around one box `(4,)`; its side is `context` x the longer, at least 8.

    The square may reach over the image's border; `cut_square` fills what lies outside.
    """
    x1, y1, x2, y2 = (float(v) for v in box_xyxy)
    side = max(8, round(max(x2 - x1, y2 - y1) * context))
    left = round((x1 + x2) / 2 - side / 2)
    top = round((y1 + y2) / 2 - side / 2)
    return left, top, left + side, top + side


def cut_square(rgb: RgbArray, window_xyxy: tuple[int, int, int, int]) -> RgbArray:
    """The window of an image `(height, width, 3)` as a new array; outside it the nearest border pixel repeats."""
    left, top, right, bottom = window_xyxy
    height, width = rgb.shape[:2]
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        raise ValueError(f"window {window_xyxy} lies outside the {width} x {height} image")
    inside = rgb[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    padding = ((max(-top, 0), max(bottom - height, 0)), (max(-left, 0), max(right - width, 0)), (0, 0))
    return np.pad(inside, padding, mode="edge")


def centre_zoom(rgb: RgbArray, zoom: float) -> RgbArray:
    """The central square of a ready-made crop file: its side is `zoom` (0..1] x the image's longer side.

    An image that is not square is padded by its border pixels where the square reaches over it.
    """
    height, width = rgb.shape[:2]
    side = max(1, round(max(height, width) * zoom))
    left, top = (width - side) // 2, (height - side) // 2
    return cut_square(rgb, (left, top, left + side, top + side))


def serving_crop(rgb: RgbArray, box_xyxy: FloatArray | None, context: float, zoom: float) -> RgbArray:
    """The square a classifier is served: around the box where one is known, else the centre of a ready-made file."""
    if box_xyxy is None:
        return centre_zoom(rgb, zoom)
    return cut_square(rgb, crop_window_xyxy(box_xyxy, context))
