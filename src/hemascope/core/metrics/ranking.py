"""How well scores put cells of one class before the others: curves, areas, top-k."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray, IntArray

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankingCurves:
    """One class against the rest, a point for every different score from high to low `(points,)`.

    Empty, with NaN areas, where there is no cell of the class or no other one.
    """

    precision: _Floats
    recall: _Floats  # also the true positive rate
    false_positive_rate: _Floats
    average_precision: float  # sum of precision times gain in recall, without interpolation
    auroc: float  # chance that a cell of the class scores higher than another one; half for equal scores


def ranking_curves(scores: FloatArray | _Floats, is_class: NDArray[np.bool_]) -> RankingCurves:
    """From `scores` `(n,)`, high where a cell looks like the class, and whether it is `(n,)`."""
    positives = int(is_class.sum())
    negatives = len(is_class) - positives
    if not positives or not negatives:
        empty: _Floats = np.zeros(0)
        return RankingCurves(empty, empty, empty, float("nan"), float("nan"))
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # equal scores enter together
    hits = np.cumsum(is_class[order])[ends]
    false_alarms = ends + 1 - hits
    precision, recall, rate = hits / (ends + 1), hits / positives, false_alarms / negatives
    area = np.trapezoid(np.insert(recall, 0, 0), np.insert(rate, 0, 0))
    return RankingCurves(precision, recall, rate, float(precision @ np.diff(recall, prepend=0)), float(area))


def top_k_accuracy(probabilities: FloatArray | _Floats, labels: IntArray, k: int) -> float:
    """Share of cells whose class is among the `k` best of their row `(n, classes)`; NaN without cells.

    Classes that are as probable as the true one do not count against it.
    """
    if not len(labels):
        return float("nan")
    own = probabilities[np.arange(len(labels)), labels]
    return float(((probabilities > own[:, None]).sum(axis=1) < k).mean())
