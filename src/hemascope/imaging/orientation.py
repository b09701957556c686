"""EXIF orientation: how stored pixels are turned and mirrored for display."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from hemascope.imaging.resize import RgbArray

_BY_EXIF = {
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}


@dataclass(frozen=True, slots=True)
class Orientation:
    """Rows and columns are exchanged first, then the result is mirrored left-right and top-bottom."""

    is_transposed: bool
    is_mirrored_x: bool
    is_mirrored_y: bool

    @classmethod
    def from_exif(cls, value: object) -> Self:
        """Tag 274; 1, values outside 1..8 and other types mean "as stored"."""
        return cls(*(_BY_EXIF.get(value, (False,) * 3) if isinstance(value, int) else (False,) * 3))

    def displayed_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height as stored to width and height as displayed."""
        return (height, width) if self.is_transposed else (width, height)

    def stored_window(self, x1: int, y1: int, x2: int, y2: int, width: int, height: int) -> tuple[int, int, int, int]:
        """A window of the displayed `width` x `height` image to `x1, y1, x2, y2` of the stored one."""
        if self.is_mirrored_x:
            x1, x2 = width - x2, width - x1
        if self.is_mirrored_y:
            y1, y2 = height - y2, height - y1
        return (y1, x1, y2, x2) if self.is_transposed else (x1, y1, x2, y2)

    def apply(self, rgb: RgbArray) -> RgbArray:
        """Stored pixels `(height, width, 3)`, or a window of them, to displayed ones."""
        if self.is_transposed:
            rgb = rgb.transpose(1, 0, 2)
        rgb = rgb[:: -1 if self.is_mirrored_y else 1, :: -1 if self.is_mirrored_x else 1]
        return np.ascontiguousarray(rgb)
