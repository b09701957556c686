"""Figures of a classifier from its confusion matrix."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import IntArray


@dataclass(frozen=True, slots=True)
class ClassScores:
    precision: float  # NaN when the class was never predicted
    recall: float  # NaN when the class has no cell
    f1: float  # 0 when the class was neither predicted nor present
    support: int


def confusion_matrix(truth: IntArray, predicted: IntArray, classes: int) -> NDArray[np.int64]:
    """Counts `(classes, classes)`: row = true class, column = predicted class."""
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def accuracy(confusion: NDArray[np.int64]) -> float:
    """Share on the diagonal; NaN for an empty matrix."""
    total = confusion.sum()
    return float(np.trace(confusion) / total) if total else float("nan")


def class_scores(confusion: NDArray[np.int64]) -> list[ClassScores]:
    """Precision, recall and F1 of every class, in the matrix's order."""
    scores = []
    for i in range(len(confusion)):
        hit, predicted, support = int(confusion[i, i]), int(confusion[:, i].sum()), int(confusion[i].sum())
        scores.append(
            ClassScores(
                hit / predicted if predicted else float("nan"),
                hit / support if support else float("nan"),
                2 * hit / (predicted + support) if predicted + support else 0.0,
                support,
            )
        )
    return scores


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Mean F1 over the classes that occur as truth; NaN for an empty matrix."""
    present = [s.f1 for s in class_scores(confusion) if s.support]
    return float(np.mean(present)) if present else float("nan")


def merge_classes(confusion: NDArray[np.int64], group_ids: IntArray) -> NDArray[np.int64]:
    """Sum rows and columns of classes that share a group id (0..groups-1): confusion of the coarse classes."""
    groups = int(group_ids.max()) + 1
    merged = np.zeros((groups, groups), np.int64)
    np.add.at(merged, (group_ids[:, None], group_ids[None, :]), confusion)
    return merged
