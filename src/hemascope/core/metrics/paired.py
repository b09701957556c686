"""Whether a difference between two classifiers, or one figure of one, could be chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from hemascope.core.boxes import IntArray


@dataclass(frozen=True, slots=True)
class McNemar:
    """Cells that only one of two classifiers names rightly; `p_value` exact, two-sided (McNemar 1947)."""

    only_first: int
    only_second: int
    p_value: float  # 1 where the two never differ


@dataclass(frozen=True, slots=True)
class BootstrapInterval:
    """Percentile limits of a figure, low <= high."""

    low: float
    high: float


def mcnemar_test(first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> McNemar:
    """Two classifiers on the same cells `(n,)`, in the same order. Raises ValueError for unequal lengths."""
    if first_right.shape != second_right.shape or first_right.ndim != 1:
        raise ValueError(f"expected two rows over the same cells, got {first_right.shape} and {second_right.shape}")
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    differing = only_first + only_second
    p_value = float(binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemar(only_first, only_second, p_value)


def cluster_bootstrap(
    statistic: Callable[[IntArray], float],
    groups: Sequence[str],
    *,
    confidence: float = 0.95,
    repeats: int = 1000,
    seed: int = 0,
) -> BootstrapInterval:
    """Limits of `statistic`, a figure of the cells at the given row numbers, when whole groups are drawn again.

    Cells of one patient, slide or source image are alike, so the groups are drawn, with replacement, not the cells
    (Field and Welsh 2007). Draws in which the figure is NaN are left out; without any cell the limits are NaN.
    """
    names, index = np.unique(np.asarray(groups, np.str_), return_inverse=True)
    if not len(names):
        return BootstrapInterval(float("nan"), float("nan"))
    rows_of = [np.flatnonzero(index == number) for number in range(len(names))]
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(names), size=(repeats, len(names)))
    values = [statistic(np.concatenate([rows_of[number] for number in draw])) for draw in draws]
    tail = 100 * (1 - confidence) / 2
    low, high = np.nanpercentile(values, [tail, 100 - tail])
    return BootstrapInterval(float(low), float(high))
