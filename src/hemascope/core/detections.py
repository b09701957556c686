"""The detections of one image."""

from dataclasses import dataclass

import numpy as np

from hemascope.core.boxes import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Detections:
    """Boxes with scores and classes, one row a cell, checked when made.

    `boxes_xyxy` is `(n, 4)` float32 in pixels of the original image, `scores` `(n,)` float32 in 0..1 and `class_ids`
    `(n,)` int64.
    Raises ValueError when the shapes disagree, a score leaves 0..1 or a box is inverted.
    """

    boxes_xyxy: FloatArray
    scores: FloatArray
    class_ids: IntArray

    def __post_init__(self) -> None:
        n = len(self.scores)
        if self.boxes_xyxy.shape != (n, 4) or self.scores.shape != (n,) or self.class_ids.shape != (n,):
            raise ValueError(
                f"boxes {self.boxes_xyxy.shape}, scores {self.scores.shape} and class ids {self.class_ids.shape} "
                "must be (n, 4), (n,) and (n,)"
            )
        if n and not (np.isfinite(self.scores).all() and self.scores.min() >= 0 and self.scores.max() <= 1):
            raise ValueError(f"scores must lie in 0..1, got {self.scores.min()}..{self.scores.max()}")
        if n and not (self.boxes_xyxy[:, 2:] >= self.boxes_xyxy[:, :2]).all():
            raise ValueError("boxes must be x1, y1, x2, y2 with x2 >= x1 and y2 >= y1")

    def __len__(self) -> int:
        return len(self.scores)

    def select(self, index: "np.ndarray[tuple[int], np.dtype[np.bool_ | np.int64]]") -> "Detections":
        """The rows named by a mask `(n,)` or by indices."""
        return Detections(self.boxes_xyxy[index], self.scores[index], self.class_ids[index])

    @staticmethod
    def empty() -> "Detections":
        return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))

    @staticmethod
    def concatenate(parts: "list[Detections]") -> "Detections":
        """All rows of `parts` in order."""
        if not parts:
            return Detections.empty()
        return Detections(
            np.concatenate([p.boxes_xyxy for p in parts]),
            np.concatenate([p.scores for p in parts]),
            np.concatenate([p.class_ids for p in parts]),
        )
