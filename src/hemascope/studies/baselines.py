"""What can be named without a network: the floor that every table of classifiers is read against."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import IntArray
from hemascope.imaging.resize import RgbArray

# training crops, their labels, crops to name, number of classes -> probabilities (n, classes)
Baseline = Callable[[Sequence[RgbArray], IntArray, Sequence[RgbArray], int], NDArray[np.float64]]


def mean_colour(
    known: Sequence[RgbArray], labels: IntArray, crops: Sequence[RgbArray], classes: int
) -> NDArray[np.float64]:
    """The class of the training crop with the nearest mean RGB: what stain and light alone give away."""
    known_colours, colours = (np.array([crop.mean(axis=(0, 1)) for crop in part]) for part in (known, crops))
    squares = ((colours[:, None, :] - known_colours[None, :, :]) ** 2).sum(axis=2)
    return np.asarray(np.eye(classes)[labels[squares.argmin(axis=1)]])


def majority(
    _known: Sequence[RgbArray], labels: IntArray, crops: Sequence[RgbArray], classes: int
) -> NDArray[np.float64]:
    """The frequencies of the training part, whatever the cell looks like."""
    shares = np.bincount(labels, minlength=classes) / len(labels)
    return np.tile(shares, (len(crops), 1))


BASELINES: Mapping[str, Baseline] = MappingProxyType({"mean-colour": mean_colour, "majority": majority})
