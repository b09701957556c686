"""Sets of classes that hold the true one as often as promised: split conformal prediction, class by class.

The promise is kept for each class by itself (Mondrian; Vovk et al. 2005, Sadinle et al. 2019), so that frequent classes
do not pay for rare ones. It holds for cells that are drawn like the ones that calibrated, and for no others.
"""

import math

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray, IntArray

_Floats = NDArray[np.float64]


def conformal_quantiles(probabilities: FloatArray | _Floats, labels: IntArray, coverage: float) -> _Floats:
    """For each class the strangeness, 1 minus its probability, up to which it belongs to a set `(classes,)`.

    It is the ceil((n + 1) x coverage)-th smallest of the class's own `n` cells, 1 (always in the set) for too few.
    Raises ValueError for a coverage outside 0..1.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"expected a coverage between 0 and 1, got {coverage}")
    quantiles = np.ones(probabilities.shape[1])
    for index in range(len(quantiles)):
        strangeness = np.sort(1 - probabilities[labels == index, index].astype(np.float64))
        rank = math.ceil((len(strangeness) + 1) * coverage)
        if rank <= len(strangeness):
            quantiles[index] = strangeness[rank - 1]
    return quantiles


def prediction_sets(probabilities: FloatArray | _Floats, quantiles: _Floats) -> NDArray[np.bool_]:
    """Which classes each cell may be `(n, classes)`; a set may be empty, or hold everything."""
    sets: NDArray[np.bool_] = 1 - probabilities.astype(np.float64) <= quantiles
    return sets
