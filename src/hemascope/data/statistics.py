"""What a dataset holds: classes, sizes of boxes and images, sources, groups and parts."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from hemascope.core.boxes import FloatArray
from hemascope.data.annotations.image_size import image_size
from hemascope.data.annotations.record import KINDS_WITH_AREA, AnnotatedImage, geometry_fault
from hemascope.data.listing import ListedImage
from hemascope.errors import DatasetError

_PERCENTILES = (5, 50, 95)
_COLUMNS = ("split", "source")


@dataclass(frozen=True, slots=True)
class SizeSummary:
    """5th, 50th and 95th percentile in pixels of the longer side of sound boxes; zeros where there is none."""

    p5: float
    median: float
    p95: float

    @staticmethod
    def of(sides_px: Sequence[float]) -> "SizeSummary":
        if not sides_px:
            return SizeSummary(0.0, 0.0, 0.0)
        return SizeSummary(*(round(float(value), 1) for value in np.percentile(sides_px, _PERCENTILES)))


@dataclass(frozen=True, slots=True)
class ClassStatistics:
    """A class: images labelled with it or showing it, its shapes, and how large they are."""

    label: str
    images: int
    shapes: int
    side_px: SizeSummary


@dataclass(frozen=True, slots=True)
class DatasetStatistics:
    """`columns` counts the images of every value of split and source; `image_sizes` those of "640 x 480"."""

    images: int
    shapes: int
    without_label: int  # images with neither a class nor a shape
    broken_shapes: int  # without a proper area; `hemascope data audit` names them
    groups: int  # different values of group or patient; 0 where the data has none
    classes: tuple[ClassStatistics, ...]  # most frequent first
    columns: dict[str, dict[str, int]]
    image_sizes: dict[str, int]
    without_size: tuple[str, ...]  # images that are missing or unreadable

    def to_json(self) -> str:
        content = {"schema": "hemascope.statistics/1", **asdict(self)}
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def statistics(
    listed: Sequence[ListedImage], on_image: Callable[[object], None] = lambda _done: None
) -> DatasetStatistics:
    """Counts annotations; of the images only the headers are read, and only where the annotations give no size."""
    images_of: Counter[str] = Counter()
    sides_of = sides_by_class(listed)
    shapes_of: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    without_size = []
    for one in listed:
        images_of.update(set(one.labels()))
        shapes_of.update(shape.label for shape in one.record.shapes)
        try:
            width, height = _size(one.record)
            sizes[f"{width} x {height}"] += 1
        except DatasetError:
            without_size.append(one.record.name)
        on_image(one)
    rows = (
        ClassStatistics(label, images_of[label], shapes_of[label], SizeSummary.of(sides_of[label].tolist()))
        for label in images_of
    )
    return DatasetStatistics(
        images=len(listed),
        shapes=shapes_of.total(),
        without_label=sum(not one.labels() for one in listed),
        broken_shapes=sum(geometry_fault(shape) is not None for one in listed for shape in one.record.shapes),
        groups=len({one.value("group") or one.value("patient") for one in listed} - {None}),
        classes=tuple(sorted(rows, key=lambda row: (-row.shapes, -row.images, row.label))),
        columns={name: counts for name in _COLUMNS if (counts := _value_counts(listed, name))},
        image_sizes=dict(sizes.most_common()),
        without_size=tuple(without_size),
    )


def sides_by_class(listed: Sequence[ListedImage]) -> dict[str, FloatArray]:
    """Longer side in pixels `(n,)` of every sound shape with an area; a class without one has none."""
    sides: dict[str, list[float]] = defaultdict(list)
    for one in listed:
        for shape in one.record.shapes:
            if shape.kind in KINDS_WITH_AREA and geometry_fault(shape) is None:
                x1, y1, x2, y2 = shape.box_xyxy
                sides[shape.label].append(max(x2 - x1, y2 - y1))
    labels = {label for one in listed for label in one.labels()}
    return {label: np.array(sides[label], np.float32) for label in labels}


def _size(record: AnnotatedImage) -> tuple[int, int]:
    return (record.width, record.height) if record.width and record.height else image_size(record.image)


def _value_counts(listed: Sequence[ListedImage], column: str) -> dict[str, int]:
    """Images a value, in alphabetical order; nothing where no image has one."""
    counts = Counter(one.value(column) or "" for one in listed)
    return dict(sorted(counts.items())) if set(counts) != {""} else {}
