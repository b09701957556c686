"""What a dataset reader yields."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.errors import DatasetError


@dataclass(frozen=True, slots=True)
class FieldSample:
    """One annotated field: boxes `(n, 4)` xyxy in pixels of the image, class ids `(n,)` into the dataset's classes."""

    path: Path
    boxes_xyxy: FloatArray
    class_ids: IntArray
    source: str  # where the image comes from; results are reported by it
    group: str  # near-duplicates share one; splits and intervals never part a group


@dataclass(frozen=True, slots=True)
class CellSample:
    """One single-cell image. `box_xyxy` `(4,)` is the cell in pixels of the image where it is known."""

    path: Path
    label: str  # class id, of the taxonomy where the dataset's classes are in it
    source: str
    group: str
    box_xyxy: FloatArray | None = None
    writing_xyxy: tuple[float, float, float, float] | None = None  # burnt in; shares of width and height, painted over


@dataclass(frozen=True, slots=True)
class FieldDataset:
    """Fields of one split and the class ids that index `FieldSample.class_ids`."""

    name: str
    classes: tuple[str, ...]
    samples: tuple[FieldSample, ...]

    def keep_classes(self, classes: tuple[str, ...]) -> "FieldDataset":
        """The same fields with the boxes of `classes` only, numbered in that order. Raises DatasetError for another."""
        unknown = [name for name in classes if name not in self.classes]
        if unknown or not classes or len(set(classes)) < len(classes):
            raise DatasetError(
                f"classes {list(classes)}: expected different ones of {list(self.classes)} of {self.name}"
            )
        kept = []
        for sample in self.samples:
            names = [self.classes[i] for i in sample.class_ids]
            rows = [i for i, name in enumerate(names) if name in classes]
            ids = np.array([classes.index(names[i]) for i in rows], np.int64)
            kept.append(replace(sample, boxes_xyxy=sample.boxes_xyxy[rows], class_ids=ids))
        return FieldDataset(self.name, classes, tuple(kept))


@dataclass(frozen=True, slots=True)
class CellDataset:
    """Single-cell images of one split; `classes` is the order of the network's outputs."""

    name: str
    classes: tuple[str, ...]
    samples: tuple[CellSample, ...]

    def with_first_classes(self, first: tuple[str, ...]) -> "CellDataset":
        """The same cells; `first` lead the classes whether or not a cell has them, the others follow."""
        return replace(self, classes=(*first, *(name for name in self.classes if name not in first)))

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(sample.group for sample in self.samples)

    def take(self, indices: Iterable[int]) -> "CellDataset":
        """The samples at these places, in this order; one may come several times."""
        return replace(self, samples=tuple(self.samples[i] for i in indices))

    def labels(self) -> IntArray:
        """Class index of every sample `(n,)`."""
        index = {name: i for i, name in enumerate(self.classes)}
        return np.array([index[s.label] for s in self.samples], np.int64)
