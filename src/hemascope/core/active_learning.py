"""Which unlabelled cells to label next: how unsure a model is of them, and how far they lie apart.

Every score is in the sense "the higher, the sooner"; every choice is deterministic, equal rows in their given order.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from hemascope.core.boxes import FloatArray, IntArray

Scores = NDArray[np.float64]
Probabilities = NDArray[np.float32] | NDArray[np.float64]

_BLOCK = 256  # centres compared with all rows at once; bounds memory


def entropy(probabilities: Probabilities) -> Scores:
    """Shannon entropy in nats of each row `(n, classes)`: 0 when sure, ln(classes) when all are equal."""
    p = probabilities.astype(np.float64)
    found: Scores = -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=1)
    return found + 0.0  # no -0


def small_margin(probabilities: Probabilities) -> Scores:
    """1 minus the lead of the best class over the second, 0..1 `(n,)`; 0 where there is one class only."""
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    top = np.sort(probabilities.astype(np.float64), axis=1)[:, -2:]
    lead: Scores = top[:, 1] - top[:, 0]
    return 1 - lead


def least_confidence(probabilities: Probabilities) -> Scores:
    """1 minus the probability of the best class, 0..1 `(n,)`."""
    best: Scores = probabilities.astype(np.float64).max(axis=1)
    return 1 - best


def disagreement(members: Probabilities) -> Scores:
    """Jensen-Shannon divergence in nats of several opinions `(members, n, classes)`: entropy of their mean minus their
    mean entropy. 0 where all say the same, however unsure they are (BALD, Houlsby et al. 2011, equation 2).
    """
    mean_entropy = np.mean([entropy(member) for member in members], axis=0)
    found: Scores = entropy(members.astype(np.float64).mean(axis=0)) - mean_entropy
    return np.maximum(found, 0)  # rounding may go below


UNCERTAINTIES: Mapping[str, Callable[[Probabilities], Scores]] = MappingProxyType(
    {"entropy": entropy, "margin": small_margin, "least-confidence": least_confidence}
)
"""Scores of one model's probabilities `(n, classes)`, by name."""


def unit_rows(features: FloatArray) -> FloatArray:
    """Embeddings `(n, dimensions)` of length one, so that distances compare directions; rows of zeros stay."""
    length = np.linalg.norm(features, axis=1, keepdims=True)
    unit: FloatArray = (features / np.where(length > 0, length, 1)).astype(np.float32)
    return unit


def k_center_greedy(
    features: FloatArray, budget: int, *, covered: FloatArray | None = None, first: int | None = None
) -> IntArray:
    """Up to `budget` row indices of `(n, dimensions)`, each time the row farthest from all picked and `covered` ones.

    Covers the rows within twice the best possible radius (Sener and Savarese 2018, algorithm 1). `covered`
    `(m, dimensions)` are embeddings that are labelled already. Without them it starts at `first`, or else at the row
    nearest to the mean. Raises ValueError for a budget below 1.
    """
    count = _count(budget, len(features))
    if count == 0:
        return np.zeros(0, np.int64)
    gaps = _gaps(features, features[:0] if covered is None else covered)
    if first is None and np.isinf(gaps[0]):
        first = int(_distances(features, features.mean(axis=0)).argmin())
    picked = [int(gaps.argmax()) if first is None else first]
    while len(picked) < count:
        np.minimum(gaps, _distances(features, features[picked[-1]]), out=gaps)
        gaps[picked[-1]] = -1  # below the 0 of a copy, so that no row is picked twice
        picked.append(int(gaps.argmax()))
    return np.array(picked, np.int64)


def pick_diverse(scores: Scores, features: FloatArray, budget: int, *, covered: FloatArray | None = None) -> IntArray:
    """Up to `budget` row indices with high `scores` `(n,)`, 0 or more, that lie apart in `features` `(n, dimensions)`.

    Each time the row whose score times its distance to the nearest picked or `covered` row `(m, dimensions)` is the
    largest: `k_center_greedy` weighted by the score. A copy of a picked row has distance 0 and comes after all that
    differ. The picks of a smaller budget are the first of a larger one. Raises ValueError for a budget below 1.
    """
    count = _count(budget, len(scores))
    gaps = _gaps(features, features[:0] if covered is None else covered)
    is_open = np.ones(len(scores), bool)
    picked: list[int] = []
    for _ in range(count):
        # without any centre the gaps are infinite, and the scores alone decide
        worth = np.where(is_open, scores * gaps if np.isfinite(gaps[0]) else scores, -1)
        row = int(np.where(worth == worth.max(), gaps, -1).argmax())
        picked.append(row)
        is_open[row] = False
        np.minimum(gaps, _distances(features, features[row]), out=gaps)
    return np.array(picked, np.int64)


def _gaps(features: FloatArray, centres: FloatArray) -> Scores:
    """Distance of each row to the nearest of `centres`; infinite where there is none."""
    gaps = np.full(len(features), np.inf)
    for start in range(0, len(centres), _BLOCK):
        np.minimum(gaps, cdist(features, centres[start : start + _BLOCK]).min(axis=1), out=gaps)
    return gaps


def _distances(features: FloatArray, centre: FloatArray) -> Scores:
    difference = features - centre
    squares: Scores = np.einsum("nd,nd->n", difference, difference, dtype=np.float64)
    return np.sqrt(squares)


def _count(budget: int, rows: int) -> int:
    if budget < 1:
        raise ValueError(f"the budget must be at least 1, got {budget}")
    return min(budget, rows)
