import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.errors import CountsError
from hemascope.hematology.intervals import Interval, clopper_pearson

CELLS = (100, 200, 400, 500, 1000)
# Observed per cent -> 95 % limits in per cent, one pair a number of cells.
GOLDEN = {
    0: ((0, 3.6), (0, 1.8), (0, 0.9), (0, 0.7), (0, 0.4)),
    1: ((0, 5.4), (0.1, 3.6), (0.3, 2.5), (0.3, 2.3), (0.5, 1.8)),
    5: ((1.6, 11.3), (2.4, 9.0), (3.1, 7.6), (3.3, 7.3), (3.7, 6.5)),
    10: ((4.9, 17.6), (6.2, 15.0), (7.2, 13.4), (7.5, 13.0), (8.2, 12.0)),
    20: ((12.7, 29.2), (14.7, 26.2), (16.2, 24.3), (16.6, 23.8), (17.6, 22.6)),
    50: ((39.8, 60.2), (42.9, 57.1), (45.0, 55.0), (45.5, 54.5), (46.9, 53.1)),
}


@pytest.mark.parametrize(
    ("percent", "n", "limits"),
    [(percent, n, limits) for percent, row in GOLDEN.items() for n, limits in zip(CELLS, row, strict=True)],
)
def test_clopper_pearson_repeats_the_published_table(percent: int, n: int, limits: tuple[float, float]) -> None:
    interval = clopper_pearson(percent * n // 100, n)

    assert (round(100 * interval.low, 1), round(100 * interval.high, 1)) == limits


@pytest.mark.parametrize(
    ("successes", "n", "expected"),
    [
        (0, 0, Interval(0, 1)),  # nothing counted, nothing known
        (0, 1, Interval(0, 0.975)),
        (1, 1, Interval(0.025, 1)),
        (0, 10, Interval(0, 1 - 0.025 ** (1 / 10))),  # closed forms at both ends
        (10, 10, Interval(0.025 ** (1 / 10), 1)),
    ],
)
def test_clopper_pearson_has_closed_form_at_none_and_all(successes: int, n: int, expected: Interval) -> None:
    interval = clopper_pearson(successes, n)

    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def _tail_at_least(k: int, n: int, p: float) -> float:
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


counts = st.integers(1, 120).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_clopper_pearson_leaves_half_the_rest_in_each_binomial_tail(pair: tuple[int, int], confidence: float) -> None:
    successes, n = pair
    interval = clopper_pearson(successes, n, confidence)

    tail = (1 - confidence) / 2
    if successes > 0:
        assert _tail_at_least(successes, n, interval.low) == pytest.approx(tail, rel=1e-6)
    if successes < n:
        assert 1 - _tail_at_least(successes + 1, n, interval.high) == pytest.approx(tail, rel=1e-6)


@given(counts)
def test_clopper_pearson_contains_the_estimate(pair: tuple[int, int]) -> None:
    successes, n = pair
    interval = clopper_pearson(successes, n)

    assert 0 <= interval.low <= successes / n <= interval.high <= 1


@given(counts, st.integers(2, 50))
def test_clopper_pearson_narrows_when_the_same_share_has_more_cells(pair: tuple[int, int], factor: int) -> None:
    successes, n = pair
    few = clopper_pearson(successes, n)
    many = clopper_pearson(successes * factor, n * factor)

    assert many.high - many.low < few.high - few.low


@given(counts)
def test_clopper_pearson_mirrors_when_successes_and_failures_change_places(pair: tuple[int, int]) -> None:
    successes, n = pair
    one, other = clopper_pearson(successes, n), clopper_pearson(n - successes, n)

    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-9)


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (0, -1)])
def test_clopper_pearson_refuses_counts_that_are_no_proportion(successes: int, n: int) -> None:
    with pytest.raises(CountsError, match=f"{successes} of {n} cells"):
        clopper_pearson(successes, n)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5, math.nan])
def test_clopper_pearson_refuses_a_confidence_outside_0_to_1(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence must lie between 0 and 1"):
        clopper_pearson(1, 2, confidence)
