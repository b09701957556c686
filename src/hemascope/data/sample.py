"""What a dataset reader yields."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemascope.core.boxes import FloatArray, IntArray


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
    label: str  # canonical class id
    source: str
    group: str
    box_xyxy: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class FieldDataset:
    """Fields of one split and the class ids that index `FieldSample.class_ids`."""

    name: str
    classes: tuple[str, ...]
    samples: tuple[FieldSample, ...]


@dataclass(frozen=True, slots=True)
class CellDataset:
    """Single-cell images of one split; `classes` is the order of the network's outputs."""

    name: str
    classes: tuple[str, ...]
    samples: tuple[CellSample, ...]

    def labels(self) -> IntArray:
        """Class index of every sample `(n,)`."""
        index = {name: i for i, name in enumerate(self.classes)}
        return np.array([index[s.label] for s in self.samples], np.int64)
