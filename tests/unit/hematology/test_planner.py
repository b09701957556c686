import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.errors import CountsError
from hemascope.hematology.intervals import clopper_pearson
from hemascope.hematology.planner import MAX_CELLS, cells_needed

CUTOFFS = [Fraction(percent, 100) for percent in (5, 20, 30, 50, 90)]


def _tail(successes: range, n: int, p: Fraction) -> Fraction:
    """Exact binomial probability of the given numbers of successes."""
    return Fraction(sum(math.comb(n, k) * p.numerator**k * (p.denominator - p.numerator) ** (n - k) for k in successes),
                    p.denominator**n)  # fmt: skip


def _is_settled(successes: int, n: int, cutoff: Fraction) -> bool:
    """By the definition of the exact limits, in whole numbers: no floating point anywhere."""
    half = Fraction(25, 1000)
    if Fraction(successes, n) < cutoff:
        return _tail(range(successes + 1), n, cutoff) < half
    return _tail(range(successes, n + 1), n, cutoff) < half


def _brute_force(successes: int, n: int, cutoff: Fraction, most: int) -> int | None:
    is_below = Fraction(successes, n) < cutoff
    for total in range(n, n + most + 1):
        share = Fraction(successes * total, n)
        if _is_settled(math.ceil(share) if is_below else math.floor(share), total, cutoff):
            return total - n
    return None


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from(CUTOFFS))
def test_cells_needed_is_what_counting_on_one_by_one_gives(pair: tuple[int, int], cutoff: Fraction) -> None:
    successes, n = pair
    if Fraction(successes, n) == cutoff:
        assert cells_needed(successes, n, cutoff) is None
        return
    most = 150
    expected = _brute_force(successes, n, cutoff, most)
    found = cells_needed(successes, n, cutoff)

    assert found == expected if expected is not None else found is None or found > most


@pytest.mark.parametrize(
    ("successes", "n", "percent", "needed"),
    [
        (14, 100, 20, 85),  # below
        (26, 100, 20, 100),  # above
        (0, 10, 20, 7),  # 0.8^16 is still above 0.025, 0.8^17 below
        (0, 200, 20, 0),
        (100, 500, 20, None),  # exactly on the cut-off
        (0, 0, 20, None),  # nothing counted
        (1999, 10_000, 20, None),  # too near
    ],
)
def test_cells_needed_for(successes: int, n: int, percent: int, needed: int | None) -> None:
    assert cells_needed(successes, n, Fraction(percent, 100)) == needed


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from(CUTOFFS))
def test_cells_needed_is_zero_exactly_when_the_interval_leaves_the_cutoff_out(
    pair: tuple[int, int], cutoff: Fraction
) -> None:
    successes, n = pair
    interval = clopper_pearson(successes, n)
    is_clear = cutoff < Fraction(interval.low) or cutoff > Fraction(interval.high)

    assert (cells_needed(successes, n, cutoff) == 0) == is_clear


def test_cells_needed_grows_with_confidence() -> None:
    needed = [cells_needed(25, 100, Fraction(1, 5), confidence) for confidence in (0.8, 0.9, 0.95, 0.99)]

    assert needed == sorted(needed)  # type: ignore[type-var]
    assert len(set(needed)) == 4


def test_cells_needed_never_asks_for_more_than_anybody_counts() -> None:
    found = [cells_needed(blasts, 1000, Fraction(1, 5)) for blasts in range(180, 221)]

    assert all(more is None or 1000 + more <= MAX_CELLS for more in found)


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5)])
def test_cells_needed_refuses_what_is_no_proportion(successes: int, n: int) -> None:
    with pytest.raises(CountsError, match=f"{successes} of {n} cells"):
        cells_needed(successes, n, Fraction(1, 5))
