import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from hemascope.core.metrics.selective import risk_coverage

CONFIDENCE = hnp.arrays(np.float64, 15, elements=st.sampled_from([0.2, 0.3, 0.5, 0.8, 0.95]))
RIGHT = hnp.arrays(np.bool_, 15)


@given(CONFIDENCE, RIGHT)
def test_each_point_is_what_its_threshold_accepts(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> None:
    curve = risk_coverage(confidence, right)
    for threshold, coverage, risk in zip(curve.confidence, curve.coverage, curve.risk, strict=True):
        kept = confidence >= threshold
        assert coverage == pytest.approx(kept.mean())
        assert risk == pytest.approx(1 - right[kept].mean())


@given(CONFIDENCE, RIGHT, st.floats(0, 1))
def test_threshold_keeps_the_tolerated_error_and_a_lower_one_does_not(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], tolerated: float
) -> None:
    threshold = risk_coverage(confidence, right).threshold(tolerated)
    kept = confidence >= threshold
    assert not kept.any() or 1 - right[kept].mean() <= tolerated + 1e-12
    for lower in {c for c in confidence if c < threshold}:
        assert 1 - right[confidence >= lower].mean() > tolerated


def test_area_is_the_mean_risk_of_the_surest_cells() -> None:
    curve = risk_coverage(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, True]))
    assert curve.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)


def test_nothing_is_accepted_when_even_the_surest_cells_are_wrong() -> None:
    assert risk_coverage(np.array([0.9, 0.8]), np.array([False, True])).threshold(0.1) == 1.0


def test_no_cells_have_no_area() -> None:
    curve = risk_coverage(np.zeros(0), np.zeros(0, bool))
    assert math.isnan(curve.area)
    assert curve.threshold(0.1) == 1.0
