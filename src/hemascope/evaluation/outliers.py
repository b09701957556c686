"""Which score tells cells that a classifier never learned from those it did, and the model of the ones it did."""

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.core.feature_distribution import FeatureDistribution

_LEAST_VARIANCE = 1e-6  # of the largest; below, a direction says nothing and would only magnify rounding


def fit_feature_distribution(features: FloatArray, labels: IntArray, classes: int) -> FeatureDistribution | None:
    """Class means and one covariance within classes, shrunk towards a sphere (Ledoit and Wolf 2004).

    `features` `(n, dimensions)`, `labels` `(n,)`. None where a class 0..classes-1 has no cell, as may be when training
    went on with labels of some classes: where that class lies is not known, and all its cells would look strange.
    """
    if not np.bincount(labels, minlength=classes).all():
        return None
    means = np.stack([features[labels == index].mean(axis=0, dtype=np.float64) for index in range(classes)])
    covariance, _ = ledoit_wolf(features.astype(np.float64) - means[labels], assume_centered=True)
    variances, directions = np.linalg.eigh(covariance)
    variances = np.maximum(variances, variances.max() * _LEAST_VARIANCE)
    whitening = directions / np.sqrt(variances)
    return FeatureDistribution(means.astype(np.float32), whitening.astype(np.float32))


def neighbour_distances(features: FloatArray, known: FloatArray, neighbours: int) -> NDArray[np.float64]:
    """Distance of each row to its `neighbours`-th nearest row of `known`, all of length one (Sun et al. 2022)."""
    unit, unit_known = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (features, known))
    nearness = np.partition(unit @ unit_known.T, -neighbours, axis=1)[:, -neighbours]
    distances: NDArray[np.float64] = np.sqrt(np.maximum(2 - 2 * nearness.astype(np.float64), 0))
    return distances
