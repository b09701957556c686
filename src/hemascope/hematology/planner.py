"""How many more cells would settle a question, and whether two counts agree.

"Settled" always means: the exact (Clopper-Pearson) interval no longer holds the cut-off.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from hemascope.errors import CountsError

MAX_CELLS = 20_000
"""Nobody counts more; beyond it the share is too near the cut-off to be settled by counting."""

_CHUNK = 2048


def cells_needed(successes: int, n: int, cutoff: Fraction, confidence: float = 0.95) -> int | None:
    """The fewest further cells after which the interval clears `cutoff`, if the share stays as observed.

    Of N cells the expected count is rounded towards the cut-off, so the figure is never too hopeful. 0 where the
    interval is clear already; None where the share equals the cut-off, where nothing was counted, or beyond MAX_CELLS.
    Raises CountsError unless 0 <= successes <= n.
    """
    if not 0 <= successes <= n:
        raise CountsError(f"{successes} of {n} cells is no proportion; expected 0 <= successes <= n")
    if n == 0 or Fraction(successes, n) == cutoff:
        return None
    is_below = Fraction(successes, n) < cutoff
    for start in range(n, MAX_CELLS + 1, _CHUNK):
        totals = np.arange(start, min(start + _CHUNK, MAX_CELLS + 1), dtype=np.int64)
        counts = -(-successes * totals // n) if is_below else successes * totals // n
        settled = np.flatnonzero(_is_clear(counts, totals, float(cutoff), is_below, (1 - confidence) / 2))
        if settled.size:
            return int(totals[settled[0]]) - n
    return None


def _is_clear(
    counts: NDArray[np.int64], totals: NDArray[np.int64], cutoff: float, is_below: bool, tail: float
) -> NDArray[np.bool_]:
    """Whether the interval ends before the cut-off: the binomial tail at the cut-off is smaller than `tail`.

    P(X >= k) of N trials is the regularised incomplete beta function I_p(k, N - k + 1); P(X <= k) its complement.
    """
    if is_below:
        at_least_one_more = betainc(counts + 1.0, np.maximum(totals - counts, 0) + 0.0, cutoff)
        return np.asarray(np.where(counts < totals, 1 - at_least_one_more, 1.0) < tail)
    at_least = betainc(np.maximum(counts, 1) + 0.0, totals - counts + 1.0, cutoff)
    return np.asarray(np.where(counts > 0, at_least, 1.0) < tail)
