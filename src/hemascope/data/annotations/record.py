"""One record an image: what readers of every annotation format yield and writers take."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self

ShapeKind = Literal["box", "polygon", "circle", "line", "linestrip", "point", "points", "mask"]
Point = tuple[float, float]

_FEWEST_POINTS: Final[Mapping[ShapeKind, int]] = {
    "box": 2, "polygon": 3, "circle": 2, "line": 2, "linestrip": 2, "point": 1, "points": 1, "mask": 2,
}  # fmt: skip
PROPOSED_FLAG: Final = "proposed"  # of a shape: a model drew it and nobody has looked at it yet
CONFIRMED_FLAG: Final = "confirmed"  # of an image: a person has looked at all of it

KINDS_WITH_AREA: Final[frozenset[ShapeKind]] = frozenset({"box", "polygon", "circle", "mask"})


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing marked in an image; points in pixels, the origin is the outer corner of the first pixel.

    The points of a box (and of a mask's frame) are its upper left and its lower right corner, of a circle its centre
    and a point of its rim, of a polygon its corners in order, the first not repeated.
    """

    label: str
    points: tuple[Point, ...]
    kind: ShapeKind = "box"
    score: float | None = None  # of the model that proposed it, 0..1
    description: str = ""
    flags: Mapping[str, bool] = field(default_factory=dict)
    group_id: int | None = None  # shapes of one thing share one (labelme)
    is_difficult: bool = False
    is_truncated: bool = False
    is_crowd: bool = False
    other: Mapping[str, object] = field(default_factory=dict)  # keys of the file that no field above stands for
    place: str = field(default="", compare=False)  # where in the file, for messages: "line 4"

    @classmethod
    def from_xyxy(cls, label: str, box_xyxy: tuple[float, float, float, float]) -> Self:
        """A box without anything beside its label."""
        x1, y1, x2, y2 = box_xyxy
        return cls(label, ((x1, y1), (x2, y2)))

    @property
    def box_xyxy(self) -> tuple[float, float, float, float]:
        """The box itself, which may be inverted if the file says so; of any other kind the box around it."""
        if self.kind == "box":
            (x1, y1), (x2, y2) = self.points
            return x1, y1, x2, y2
        if self.kind == "circle":
            (x, y), rim = self.points
            radius = math.dist((x, y), rim)
            return x - radius, y - radius, x + radius, y + radius
        return bounds(self.points)


@dataclass(frozen=True, slots=True)
class AnnotatedImage:
    """An image with all that a file says about it; `image` need not exist and is never opened by a record."""

    image: Path  # where it lies, found from the working folder
    name: str  # what the dataset calls it: relative, with `/`, never upwards; outputs are named after it
    width: int | None = None  # pixels, as displayed; None where the format does not say
    height: int | None = None
    shapes: tuple[Shape, ...] = ()
    label: str | None = None  # class of the whole image
    split: str | None = None  # such as train, val, test
    source: str | None = None  # where the image comes from
    group: str | None = None  # images that must not be parted by a split share one (patient, slide)
    flags: Mapping[str, bool] = field(default_factory=dict)
    other: Mapping[str, object] = field(default_factory=dict)  # as in Shape
    embedded_image: str | None = None  # base64, where a labelme file carries the picture itself
    is_absolute: bool = False  # the file names the image by an absolute path; writers keep that
    origin: str = field(default="", compare=False)  # the file and place it was read from, for messages


def bounds(points: Sequence[Point]) -> tuple[float, float, float, float]:
    """The smallest box xyxy around one or more points."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def geometry_fault(shape: Shape) -> str | None:
    """What is wrong with the points of a shape in itself, such as "is inverted", or None; no image is looked at."""
    fewest = _FEWEST_POINTS[shape.kind]
    if len(shape.points) < fewest:
        return f"has {len(shape.points)} point(s), a {shape.kind} needs at least {fewest}"
    if not all(math.isfinite(value) for point in shape.points for value in point):
        return "has a coordinate that is not a finite number"
    if shape.kind in KINDS_WITH_AREA:
        x1, y1, x2, y2 = shape.box_xyxy
        if x2 < x1 or y2 < y1:
            return f"is inverted: its lower right corner ({x2:g}, {y2:g}) lies before its upper left ({x1:g}, {y1:g})"
        if x2 == x1 or y2 == y1:
            return f"is empty: {x2 - x1:g} x {y2 - y1:g} pixels at ({x1:g}, {y1:g})"
    return None
