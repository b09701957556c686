"""Two ways to measure the same quantity in the same patients: how far do they agree?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Differences (second minus first) in the unit of the quantity; 95 % of them are expected between the limits."""

    bias: float  # mean; NaN without patients
    lower_limit: float  # NaN below two patients
    upper_limit: float


def bland_altman(first: NDArray[np.float64], second: NDArray[np.float64]) -> BlandAltman:
    """Bias and limits of agreement of paired values `(n,)` (Bland and Altman 1986). Raises ValueError if unpaired."""
    difference = _paired_difference(first, second)
    if len(difference) == 0:
        return BlandAltman(float("nan"), float("nan"), float("nan"))
    bias = float(difference.mean())
    spread = float(difference.std(ddof=1)) if len(difference) > 1 else float("nan")
    return BlandAltman(bias, bias - _NORMAL_95 * spread, bias + _NORMAL_95 * spread)


def concordance_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Lin's coefficient of paired values `(n,)` (Lin 1989): 1 where all are equal, not only proportional.

    NaN below two patients and where neither value varies. Raises ValueError if unpaired.
    """
    difference = _paired_difference(first, second)
    scale = first.var() + second.var() + (first.mean() - second.mean()) ** 2 if len(difference) > 1 else 0.0
    if scale == 0:
        return float("nan")
    covariance = float(((first - first.mean()) * (second - second.mean())).mean())
    return float(2 * covariance / scale)


def _paired_difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"expected two rows over the same patients, got {first.shape} and {second.shape}")
    return second - first
