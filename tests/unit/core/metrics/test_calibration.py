import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from hemascope.core.metrics.calibration import (
    brier_score,
    classwise_calibration_error,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    reliability_bins,
    softmax,
)

LOGITS = hnp.arrays(np.float32, (5, 3), elements=st.floats(-50, 50, width=32))


def ids(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


@given(LOGITS)
def test_softmax_rows_sum_to_one_and_keep_the_order(logits: NDArray[np.float32]) -> None:
    probabilities = softmax(logits)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    best = np.take_along_axis(probabilities, logits.argmax(axis=1)[:, None], axis=1)[:, 0]
    np.testing.assert_array_equal(best, probabilities.max(axis=1))


def test_log_likelihood_agrees_with_hand_values() -> None:
    logits = np.log(np.array([[0.8, 0.2], [0.4, 0.6]], np.float32))
    expected = -(math.log(0.8) + math.log(0.4)) / 2
    assert negative_log_likelihood(logits, ids(0, 0), 1.0) == pytest.approx(expected, abs=1e-6)


def test_log_likelihood_stays_finite_when_the_true_class_has_no_probability() -> None:
    assert negative_log_likelihood(np.array([[1000, 0]], np.float32), ids(1), 1.0) == pytest.approx(-math.log(1e-12))


@pytest.mark.parametrize("stretch", [0.5, 1.0, 2.0, 3.5])
def test_fitted_temperature_undoes_a_stretch_of_calibrated_logits(stretch: float) -> None:
    rng = np.random.default_rng(7)
    logits = rng.normal(0, 2, (20_000, 4)).astype(np.float32)
    labels = np.array([rng.choice(4, p=p) for p in softmax(logits)], np.int64)
    assert fit_temperature(logits * np.float32(stretch), labels) == pytest.approx(stretch, rel=0.05)


def test_calibration_error_is_zero_when_confidence_equals_accuracy() -> None:
    probabilities = np.tile([[0.75, 0.25]], (4, 1))
    assert expected_calibration_error(probabilities, ids(0, 0, 0, 1)) == pytest.approx(0)


def test_calibration_error_weighs_each_bin_by_its_cells() -> None:
    # two sure and wrong (gap 1), one of two right at 0.6 (gap 0.1)
    probabilities = np.array([[1.0, 0], [1.0, 0], [0.6, 0.4], [0.6, 0.4]])
    assert expected_calibration_error(probabilities, ids(1, 1, 0, 1)) == pytest.approx((2 * 1.0 + 2 * 0.1) / 4)


def test_calibration_error_of_no_cells_is_zero() -> None:
    assert expected_calibration_error(np.zeros((0, 3)), ids()) == 0


def test_classwise_error_is_the_mean_of_each_class_by_itself() -> None:
    # class 0 is given 0.8 and true in half of the cells, class 1 is given 0.2
    probabilities = np.tile([[0.8, 0.2]], (4, 1))
    assert classwise_calibration_error(probabilities, ids(0, 0, 1, 1)) == pytest.approx(0.3)


def test_classwise_error_sees_what_the_best_class_hides() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2]] * 10)
    labels = ids(*[0] * 5, *[1] * 5)
    assert expected_calibration_error(probabilities, labels) == pytest.approx(0)
    assert classwise_calibration_error(probabilities, labels) == pytest.approx((0 + 0.2 + 0.2) / 3)


@given(LOGITS)
def test_brier_score_is_the_sum_over_cells_and_classes(logits: NDArray[np.float32]) -> None:
    probabilities, labels = softmax(logits), ids(0, 1, 2, 1, 0)
    expected = sum((p - (c == y)) ** 2 for row, y in zip(probabilities, labels, strict=True) for c, p in enumerate(row))
    assert brier_score(probabilities, labels) == pytest.approx(expected / 5)


def test_brier_score_of_no_cells_is_not_a_number() -> None:
    assert math.isnan(brier_score(np.zeros((0, 3)), ids()))


def test_reliability_bins_leave_out_empty_ones_and_hold_certainty() -> None:
    bins = reliability_bins(np.array([1.0, 0.99, 0.05]), np.array([True, False, False]), bins=10)
    assert [b.cells for b in bins] == [1, 2]
    assert bins[1].probability == pytest.approx(0.995)
    assert bins[1].share == 0.5
