"""Exact limits for a proportion of counted cells."""

from dataclasses import dataclass

from scipy.special import betaincinv

from hemascope.errors import CountsError


@dataclass(frozen=True, slots=True)
class Interval:
    """Limits as fractions, 0 <= low <= high <= 1."""

    low: float
    high: float


def clopper_pearson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Two-sided exact binomial limits ("Rumke limits" in haematology) of `successes` among `n` cells.

    Each side leaves out at most (1 - confidence) / 2. Without cells (n = 0) nothing is known: 0..1.
    Raises CountsError unless 0 <= successes <= n, ValueError unless 0 < confidence < 1.
    Source: Clopper and Pearson, Biometrika 26 (1934) 404, as beta quantiles.
    """
    if not 0 <= successes <= n:
        raise CountsError(f"{successes} of {n} cells is no proportion; expected 0 <= successes <= n")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, n - successes + 1, tail)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1 - tail)) if successes < n else 1.0
    return Interval(low, high)
