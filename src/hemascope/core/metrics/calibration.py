"""How far probabilities can be believed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray, IntArray


def softmax(logits: FloatArray) -> NDArray[np.float64]:
    """Rows `(n, classes)` of positive numbers that sum to one."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return probabilities


def negative_log_likelihood(logits: FloatArray, labels: IntArray, temperature: float) -> float:
    """Mean over cells, in nats, of logits `(n, classes)` divided by the temperature."""
    probabilities = softmax(logits / np.float32(temperature))
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12)).mean())


def fit_temperature(logits: FloatArray, labels: IntArray) -> float:
    """The temperature in 0.25..4 of least negative log-likelihood (Guo et al. 2017, section 4.2)."""
    candidates = np.exp(np.linspace(np.log(0.25), np.log(4), 200))
    losses = [negative_log_likelihood(logits, labels, float(t)) for t in candidates]
    return float(candidates[int(np.argmin(losses))])


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Cells whose probability falls into one of equal parts of 0..1."""

    cells: int
    probability: float  # mean
    share: float  # of cells for which it came true


def reliability_bins(
    probabilities: NDArray[np.float64], came_true: NDArray[np.bool_], bins: int = 15
) -> list[ReliabilityBin]:
    """Of probabilities `(n,)` and whether each came true `(n,)`; bins without cells are left out."""
    index = np.minimum((probabilities * bins).astype(int), bins - 1)
    return [
        ReliabilityBin(int(chosen.sum()), float(probabilities[chosen].mean()), float(came_true[chosen].mean()))
        for chosen in (index == b for b in np.unique(index))
    ]


def expected_calibration_error(probabilities: NDArray[np.float64], labels: IntArray, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins of the best probability; 0 for no cells."""
    return _mean_gap(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels, bins)


def classwise_calibration_error(probabilities: NDArray[np.float64], labels: IntArray, bins: int = 15) -> float:
    """Mean over classes of the gap between their probability and how often they are true (Kull et al. 2019)."""
    classes = probabilities.shape[1]
    return float(np.mean([_mean_gap(probabilities[:, i], labels == i, bins) for i in range(classes)]))


def brier_score(probabilities: NDArray[np.float64], labels: IntArray) -> float:
    """Mean over cells of the summed squared errors of all classes, 0 to 2 (Brier 1950); NaN for no cells."""
    if not len(labels):
        return float("nan")
    errors = probabilities - np.eye(probabilities.shape[1])[labels]
    return float((errors**2).sum(axis=1).mean())


def _mean_gap(probabilities: NDArray[np.float64], came_true: NDArray[np.bool_], bins: int) -> float:
    if not len(probabilities):
        return 0.0
    gaps = [b.cells * abs(b.share - b.probability) for b in reliability_bins(probabilities, came_true, bins)]
    return float(sum(gaps) / len(probabilities))
