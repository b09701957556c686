import numpy as np
import pytest

from hemascope.core.metrics.calibration import softmax
from hemascope.core.metrics.conformal import conformal_quantiles, prediction_sets


def drawn_cells(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Three classes, the last one rare and hard."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, count, p=[0.6, 0.3, 0.1])
    logits = rng.normal(0, 1, (count, 3)) + np.array([3.0, 2.0, 0.5])[labels, None] * np.eye(3)[labels]
    return softmax(logits), labels


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_sets_hold_the_true_class_as_often_as_promised_for_each_class(coverage: float) -> None:
    held = []
    for seed in range(30):
        probabilities, labels = drawn_cells(seed, 1200)
        quantiles = conformal_quantiles(probabilities[:600], labels[:600], coverage)
        own = prediction_sets(probabilities[600:], quantiles)[np.arange(600), labels[600:]]
        held.append([own[labels[600:] == index].mean() for index in range(3)])
    np.testing.assert_allclose(np.mean(held, axis=0), coverage, atol=0.025)


def test_quantile_is_the_promised_rank_of_the_class_itself() -> None:
    probabilities = np.stack([np.linspace(0.1, 0.9, 9), 1 - np.linspace(0.1, 0.9, 9)], axis=1)
    quantiles = conformal_quantiles(probabilities, np.zeros(9, np.int64), 0.8)
    assert quantiles[0] == pytest.approx(0.8)  # ceil(10 x 0.8) = the eighth smallest of 0.1 .. 0.9
    assert quantiles[1] == 1  # no cell of the class


def test_class_with_too_few_cells_is_always_possible() -> None:
    probabilities, labels = np.array([[1.0, 0.0]] * 18), np.zeros(18, np.int64)
    quantiles = conformal_quantiles(probabilities, labels, 0.95)  # needs 19 cells
    assert prediction_sets(np.array([[0.0, 1.0]]), quantiles).tolist() == [[True, True]]


@pytest.mark.parametrize("coverage", [0.0, 1.0, 95.0])
def test_coverage_outside_its_range_is_refused(coverage: float) -> None:
    with pytest.raises(ValueError, match="coverage between 0 and 1"):
        conformal_quantiles(np.ones((1, 1)), np.zeros(1, np.int64), coverage)
