"""Where cells lie: a running list of discs and the rules of who may touch or cover whom."""

from enum import IntEnum

import numpy as np

_TRIES = 40
_APART = 0.98  # of the joint radius: outlines are not quite discs, so neighbours just touch
_OVERLAP = {"red": 0.62, "nucleated": 0.86}  # of the joint radius, for a red cell on a red or under a nucleated cell


class Kind(IntEnum):
    NUCLEATED = 0
    RED = 1
    SMALL = 2  # platelets and precipitate: may lie on red cells


# How far the middle may lie outside, in radii; people choose fields that show the white cells nearly whole.
_MARGIN = {Kind.NUCLEATED: -0.65, Kind.RED: 0.5, Kind.SMALL: 0.0}


class Layout:
    """Discs placed so far in a picture of `width` x `height` pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._discs = np.zeros((64, 4))  # x, y, radius, kind; grows by doubling
        self._count = 0

    def place(
        self,
        rng: np.random.Generator,
        radius_px: float,
        kind: Kind,
        *,
        may_overlap: bool = False,
        near_last: bool = False,
    ) -> tuple[int, int] | None:
        """The middle `x, y` of a free place for a disc, or None where none was found.

        It may reach over the border; `near_last` looks beside the disc placed last.
        """
        margin = max(_MARGIN[kind] * radius_px, -0.45 * min(self.width, self.height))
        for _ in range(_TRIES):
            if near_last and self._count:
                last_x, last_y, last_radius, _kind = self._discs[self._count - 1]
                angle, reach = rng.uniform(0, 2 * np.pi), (last_radius + radius_px) * rng.uniform(0.98, 1.3)
                x, y = int(last_x + reach * np.cos(angle)), int(last_y + reach * np.sin(angle))
            else:
                x = int(rng.uniform(-margin, self.width + margin))
                y = int(rng.uniform(-margin, self.height + margin))
            is_near = -margin <= x < self.width + margin and -margin <= y < self.height + margin
            if is_near and self._is_free(x, y, radius_px, kind, may_overlap):
                self._add(x, y, radius_px, kind)
                return x, y
        return None

    def _add(self, x: float, y: float, radius_px: float, kind: Kind) -> None:
        if self._count == len(self._discs):
            self._discs = np.concatenate([self._discs, np.zeros_like(self._discs)])
        self._discs[self._count] = x, y, radius_px, kind
        self._count += 1

    def _is_free(self, x: float, y: float, radius_px: float, kind: Kind, may_overlap: bool) -> bool:
        xs, ys, radii, kinds = self._discs[: self._count].T
        needed = np.full(len(radii), _APART)
        if may_overlap:
            needed[kinds == Kind.RED] = _OVERLAP["red"]
            needed[kinds == Kind.NUCLEATED] = _OVERLAP["nucleated"]
        if kind is Kind.SMALL and may_overlap:
            needed[(kinds == Kind.RED) & (radii > 2 * radius_px)] = 0
        return bool(np.all(np.hypot(xs - x, ys - y) >= needed * (radii + radius_px)))
