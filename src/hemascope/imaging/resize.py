"""Letterbox into a network's input, and its exact inverse."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hemascope.core.boxes import FloatArray, clip_xyxy

RgbArray = NDArray[np.uint8]  # (height, width, 3)
PAD_VALUE = 114  # grey, so that padding looks like neither background nor cell


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a `width` x `height` image lies in the top left corner of a `padded_width` x `padded_height` input.

    `scale_x`, `scale_y` are the ratios really used after rounding to whole pixels, so that the inverse is exact.
    """

    width: int
    height: int
    resized_width: int
    resized_height: int
    padded_width: int
    padded_height: int

    @staticmethod
    def plan(width: int, height: int, longest_side: int, stride: int) -> "Letterbox":
        """Longest side becomes `longest_side`; both sides are padded up to a multiple of `stride`."""
        scale = longest_side / max(width, height)
        resized_width = max(1, round(width * scale))
        resized_height = max(1, round(height * scale))
        return Letterbox(
            width,
            height,
            resized_width,
            resized_height,
            -(-resized_width // stride) * stride,
            -(-resized_height // stride) * stride,
        )

    @property
    def scale_x(self) -> float:
        return self.resized_width / self.width

    @property
    def scale_y(self) -> float:
        return self.resized_height / self.height

    def apply(self, rgb: RgbArray) -> RgbArray:
        """`(height, width, 3)` to `(padded_height, padded_width, 3)`, padding in grey at the right and below."""
        out = np.full((self.padded_height, self.padded_width, 3), PAD_VALUE, np.uint8)
        out[: self.resized_height, : self.resized_width] = resize_rgb(rgb, self.resized_width, self.resized_height)
        return out

    def boxes_to_input(self, boxes_xyxy: FloatArray) -> FloatArray:
        """Boxes in pixels of the image to pixels of the input."""
        return boxes_xyxy * self._scales()

    def boxes_to_image(self, boxes_xyxy: FloatArray) -> FloatArray:
        """Boxes in pixels of the input to pixels of the image, cut at its borders."""
        return clip_xyxy(boxes_xyxy / self._scales(), self.width, self.height)

    def _scales(self) -> FloatArray:
        return np.array([self.scale_x, self.scale_y, self.scale_x, self.scale_y], np.float32)


def resize_rgb(rgb: RgbArray, width: int, height: int) -> RgbArray:
    """Bilinear with antialiasing when shrinking (Pillow); training and serving share this one function."""
    if rgb.shape[1] == width and rgb.shape[0] == height:
        return rgb
    return np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BILINEAR))
