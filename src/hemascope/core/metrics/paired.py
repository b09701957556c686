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
    several = cluster_bootstraps(
        lambda rows: [statistic(rows)], groups, confidence=confidence, repeats=repeats, seed=seed
    )
    return several[0] if several else _UNKNOWN


def cluster_bootstraps(
    statistics: Callable[[IntArray], Sequence[float]],
    groups: Sequence[str],
    *,
    confidence: float = 0.95,
    repeats: int = 1000,
    seed: int = 0,
) -> list[BootstrapInterval]:
    """As `cluster_bootstrap` for several figures of the same draws; an empty list without any cell."""
    names, index = np.unique(np.asarray(groups, np.str_), return_inverse=True)
    if not len(names):
        return []
    rows_of = [np.flatnonzero(index == number) for number in range(len(names))]
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(names), size=(repeats, len(names)))
    values = np.array([statistics(np.concatenate([rows_of[number] for number in draw])) for draw in draws])
    return [_limits(figure[~np.isnan(figure)], confidence) for figure in values.T]


_UNKNOWN = BootstrapInterval(float("nan"), float("nan"))


def _limits(values: NDArray[np.float64], confidence: float) -> BootstrapInterval:
    if not len(values):
        return _UNKNOWN
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return BootstrapInterval(float(low), float(high))
