import math

import numpy as np
import pytest

from hemascope.core.metrics.method_comparison import bland_altman, concordance_correlation

FIRST = np.array([10.0, 20.0, 30.0, 40.0])


def test_bias_and_limits_agree_with_hand_values():
    result = bland_altman(FIRST, FIRST + np.array([1.0, 3.0, 1.0, 3.0]))
    assert result.bias == pytest.approx(2)
    half = 1.96 * math.sqrt(4 / 3)
    assert (result.lower_limit, result.upper_limit) == (pytest.approx(2 - half), pytest.approx(2 + half))


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (FIRST, 1.0),
        (FIRST[::-1], -1.0),
        (FIRST + 10, 2 * 125 / (125 + 125 + 100)),  # proportional is not enough
        (np.full(4, 25.0), 0.0),  # a method that always says the same
    ],
    ids=["equal", "reversed", "shifted", "constant"],
)
def test_concordance_asks_for_equality(second, expected):
    assert concordance_correlation(FIRST, second) == pytest.approx(expected)


def test_nothing_is_known_from_no_or_one_patient():
    nobody, alone = np.zeros(0), np.array([5.0])
    assert math.isnan(bland_altman(nobody, nobody).bias)
    assert bland_altman(alone, alone + 1).bias == 1
    assert math.isnan(bland_altman(alone, alone).upper_limit)
    assert math.isnan(concordance_correlation(alone, alone))
    assert math.isnan(concordance_correlation(np.ones(3), np.ones(3)))


@pytest.mark.parametrize("compare", [bland_altman, concordance_correlation])
def test_values_of_different_patients_are_refused(compare):
    with pytest.raises(ValueError, match=r"\(4,\) and \(3,\)"):
        compare(FIRST, FIRST[:3])
