"""Agreement beyond chance."""

import numpy as np
from numpy.typing import NDArray


def cohen_kappa(confusion: NDArray[np.int64]) -> float:
    """Cohen's kappa (1960) of rows and columns of counts `(classes, classes)`; NaN where chance explains everything."""
    cells, agreed = int(confusion.sum()), int(np.trace(confusion))
    by_chance = int(confusion.sum(axis=1) @ confusion.sum(axis=0))
    if by_chance == cells * cells:  # also without cells
        return float("nan")
    return (agreed * cells - by_chance) / (cells * cells - by_chance)
