"""What a format can hold, and a record cut down to it with everything that went counted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from hemascope.data.annotations.record import KINDS_WITH_AREA, AnnotatedImage, Shape, ShapeKind

Loss = Literal[
    "images without a class", "polygons", "circles", "masks", "lines and points", "shapes", "cut boxes",
    "outside boxes", "scores", "descriptions", "shape flags", "group numbers", "difficult", "truncated", "crowd",
    "shape keys", "image classes", "image flags", "splits", "sources", "groups", "image keys", "embedded images",
]  # fmt: skip

_TEXTS: Final[Mapping[Loss, tuple[str, str]]] = {
    "images without a class": ("image without a class was left out", "images without a class were left out"),
    "polygons": ("polygon became a box", "polygons became boxes"),
    "circles": ("circle became a box", "circles became boxes"),
    "masks": ("mask became a box", "masks became boxes"),
    "lines and points": ("line or point was left out", "lines or points were left out"),
    "shapes": ("shape was left out", "shapes were left out"),
    "cut boxes": ("shape was cut at the border of its image", "shapes were cut at the border of their image"),
    "outside boxes": ("shape outside of its image was left out", "shapes outside of their image were left out"),
    "scores": ("score was dropped", "scores were dropped"),
    "descriptions": ("description was dropped", "descriptions were dropped"),
    "shape flags": ("shape lost its flags", "shapes lost their flags"),
    "group numbers": ("group number of a shape was dropped", "group numbers of shapes were dropped"),
    "difficult": ("mark 'difficult' was dropped", "marks 'difficult' were dropped"),
    "truncated": ("mark 'truncated' was dropped", "marks 'truncated' were dropped"),
    "crowd": ("mark 'crowd' was dropped", "marks 'crowd' were dropped"),
    "shape keys": ("other value of a shape was dropped", "other values of shapes were dropped"),
    "image classes": ("class of a whole image was dropped", "classes of whole images were dropped"),
    "image flags": ("image lost its flags", "images lost their flags"),
    "splits": ("image lost its split", "images lost their split"),
    "sources": ("image lost its source", "images lost their source"),
    "groups": ("image lost its group", "images lost their group"),
    "image keys": ("other value of an image was dropped", "other values of images were dropped"),
    "embedded images": ("picture inside a labelme file was dropped", "pictures inside labelme files were dropped"),
}
_AREA_LOSSES: Final[Mapping[ShapeKind, Loss]] = {"polygon": "polygons", "circle": "circles", "mask": "masks"}
_BOOK_KEEPING = frozenset({"version"})  # says which labelme wrote the file: nobody misses it elsewhere


@dataclass(frozen=True, slots=True)
class Holds:
    """What a format can hold beside the label of a shape; `precision_px` is how exactly it gives points back."""

    kinds: frozenset[ShapeKind] = frozenset({"box"})  # empty: a format of image classes
    precision_px: float = 0.0
    has_scores: bool = False
    has_descriptions: bool = False
    has_flags: bool = False  # of shapes and of images
    has_group_ids: bool = False
    marks: frozenset[str] = frozenset()  # of difficult, truncated, crowd
    shape_keys: frozenset[str] | None = frozenset()  # None: any key
    has_image_keys: bool = False
    has_image_labels: bool = False
    has_unlabelled_images: bool = True
    has_splits: bool = False
    has_groups: bool = False  # group and source of an image
    has_embedded_images: bool = False
    stays_inside: bool = False  # boxes may not leave the image


class LossCount:
    """Counts what was given up, for the summary of a conversion."""

    def __init__(self) -> None:
        self._counts: Counter[Loss] = Counter()

    def add(self, loss: Loss, count: int = 1) -> None:
        self._counts[loss] += count

    def __bool__(self) -> bool:
        return any(self._counts.values())

    def lines(self) -> tuple[str, ...]:
        """`42 polygons became boxes`, in a fixed order."""
        return tuple(
            f"{count:,} {texts[count != 1]}" for loss, texts in _TEXTS.items() if (count := self._counts[loss]) > 0
        )


def fit(record: AnnotatedImage, holds: Holds, losses: LossCount) -> AnnotatedImage | None:
    """`record` with no more than the format holds, None where the format cannot name the image at all."""
    if record.label is None and not holds.has_unlabelled_images:
        losses.add("images without a class")
        return None
    shapes = tuple(_fit_shapes(record, holds, losses))
    changes: dict[str, object] = {}
    if record.label is not None and not holds.has_image_labels:
        losses.add("image classes")
        changes["label"] = None
    if not holds.has_flags:
        if any(is_set for name, is_set in record.flags.items() if name != record.label):
            losses.add("image flags")
        changes["flags"] = {}
    if record.split is not None and not holds.has_splits:
        losses.add("splits")
        changes["split"] = None
    if not holds.has_groups:
        losses.add("sources", record.source is not None)
        losses.add("groups", record.group is not None)
        changes |= {"source": None, "group": None}
    if not holds.has_image_keys:
        losses.add("image keys", len(_telling(record.other, frozenset())))
        changes["other"] = {}
    if record.embedded_image is not None and not holds.has_embedded_images:
        losses.add("embedded images")
        changes["embedded_image"] = None
    return replace(record, shapes=shapes, **changes)  # type: ignore[arg-type]


def _fit_shapes(record: AnnotatedImage, holds: Holds, losses: LossCount) -> Iterable[Shape]:
    if not holds.kinds:
        losses.add("shapes", len(record.shapes))
        return
    for shape in record.shapes:
        fitted = _fit_kind(shape, holds, losses)
        if fitted is not None and holds.stays_inside:
            fitted = _cut(fitted, record, losses)
        if fitted is not None:
            yield _fit_details(fitted, holds, losses)


def _fit_kind(shape: Shape, holds: Holds, losses: LossCount) -> Shape | None:
    if shape.kind in holds.kinds:
        return shape
    if shape.kind not in KINDS_WITH_AREA:
        losses.add("lines and points")
        return None
    losses.add(_AREA_LOSSES[shape.kind])
    x1, y1, x2, y2 = shape.box_xyxy
    other = {key: value for key, value in shape.other.items() if key != "mask"}
    return replace(shape, kind="box", points=((x1, y1), (x2, y2)), other=other)


def _cut(shape: Shape, record: AnnotatedImage, losses: LossCount) -> Shape | None:
    """Rounding at the border is no loss; anything more is."""
    width, height = record.width or 0, record.height or 0
    points = tuple((min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in shape.points)
    if points == shape.points:
        return shape
    moved = max(
        abs(a - b) for old, new in zip(shape.points, points, strict=True) for a, b in zip(old, new, strict=True)
    )
    cut = replace(shape, points=points)
    x1, y1, x2, y2 = cut.box_xyxy
    if x2 <= x1 or y2 <= y1:
        losses.add("outside boxes")
        return None
    losses.add("cut boxes", moved > 0.01)
    return cut


def _fit_details(shape: Shape, holds: Holds, losses: LossCount) -> Shape:
    changes: dict[str, object] = {}
    if shape.score is not None and not holds.has_scores:
        losses.add("scores")
        changes["score"] = None
    if shape.description and not holds.has_descriptions:
        losses.add("descriptions")
        changes["description"] = ""
    if shape.flags and not holds.has_flags:
        losses.add("shape flags", any(shape.flags.values()))
        changes["flags"] = {}
    if shape.group_id is not None and not holds.has_group_ids:
        losses.add("group numbers")
        changes["group_id"] = None
    for mark, is_set in _marks(shape):
        if is_set and mark not in holds.marks:
            losses.add(mark)
            changes[f"is_{mark}"] = False
    if shape.other and holds.shape_keys is not None:
        losses.add("shape keys", len(_telling(shape.other, holds.shape_keys)))
        changes["other"] = {key: value for key, value in shape.other.items() if key in holds.shape_keys}
    return replace(shape, **changes) if changes else shape  # type: ignore[arg-type]


def _marks(shape: Shape) -> tuple[tuple[Literal["difficult", "truncated", "crowd"], bool], ...]:
    return ("difficult", shape.is_difficult), ("truncated", shape.is_truncated), ("crowd", shape.is_crowd)


def _telling(other: Mapping[str, object], held: frozenset[str]) -> list[str]:
    """Keys that say something and would be lost; null and empty values say nothing."""
    return [key for key, value in other.items() if key not in held | _BOOK_KEEPING and value not in (None, "", [], {})]
