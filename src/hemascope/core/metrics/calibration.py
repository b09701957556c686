"""How far probabilities can be believed."""

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


def expected_calibration_error(probabilities: NDArray[np.float64], labels: IntArray, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins of the best probability; 0 for no cells."""
    if not len(labels):
        return 0.0
    confidence = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == labels
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(float(is_right[index == b].mean() - confidence[index == b].mean())) * (index == b).sum() for b in set(index)
    ]
    return float(sum(gaps) / len(labels))
