import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.stats import entropy as scipy_entropy

from hemascope.core.active_learning import (
    disagreement,
    entropy,
    k_center_greedy,
    least_confidence,
    pick_diverse,
    small_margin,
    unit_rows,
)

Rows = NDArray[np.float32]

weights = arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 6)), elements=st.floats(0.001, 1))
# whole numbers: copies and equal distances are frequent, and distances are exact enough to compare
grids = arrays(np.float32, st.tuples(st.integers(1, 14), st.integers(1, 3)), elements=st.integers(-3, 3).map(float))


def shares(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / rows.sum(axis=1, keepdims=True)


def slow_k_center(features: Rows, budget: int, centres: list[Rows]) -> list[int]:
    picked: list[int] = []
    while len(picked) < min(budget, len(features)):
        left = [i for i in range(len(features)) if i not in picked]
        done = [*centres, *(features[i] for i in picked)]
        gaps = [min(float(np.linalg.norm(features[i] - centre)) for centre in done) for i in left]
        picked.append(left[gaps.index(max(gaps))])
    return picked


@given(weights)
def test_entropy_equals_that_of_scipy(rows: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(entropy(shares(rows)), scipy_entropy(rows, axis=1), atol=1e-9)


@pytest.mark.parametrize(
    ("row", "nats", "margin", "doubt"),
    [
        ([1.0, 0.0, 0.0], 0, 0, 0),
        ([0.25] * 4, np.log(4), 1, 0.75),
        ([0.5, 0.5, 0.0], np.log(2), 1, 0.5),
        ([0.7, 0.2, 0.1], 0.801819, 0.5, 0.3),
        ([1.0], 0, 0, 0),
    ],
    ids=["sure", "knows nothing", "torn between two", "leaning", "one class"],
)
def test_uncertainties_of_known_rows(row: list[float], nats: float, margin: float, doubt: float) -> None:
    p = np.array([row])
    assert entropy(p) == pytest.approx([nats], abs=1e-6)
    assert small_margin(p) == pytest.approx([margin], abs=1e-9)
    assert least_confidence(p) == pytest.approx([doubt], abs=1e-9)


@pytest.mark.parametrize("measure", [entropy, small_margin, least_confidence])
def test_no_cell_has_no_uncertainty(measure: object) -> None:
    assert callable(measure)
    assert measure(np.zeros((0, 3), np.float32)).shape == (0,)


@given(weights, weights)
def test_disagreement_lies_between_0_and_the_entropy_of_the_mean(
    first: NDArray[np.float64], second: NDArray[np.float64]
) -> None:
    n, classes = min(len(first), len(second)), min(first.shape[1], second.shape[1])
    members = np.stack([shares(first[:n, :classes]), shares(second[:n, :classes])])
    found = disagreement(members)
    assert (found >= 0).all()
    assert (found <= entropy(members.mean(axis=0)) + 1e-9).all()
    assert (found <= np.log(2) + 1e-9).all()  # two opinions hold one bit at most


def test_opinions_that_are_equally_unsure_do_not_disagree() -> None:
    torn = [0.5, 0.5]
    members = np.array([[torn, [1.0, 0.0]], [torn, [0.0, 1.0]]])
    np.testing.assert_allclose(disagreement(members), [0, np.log(2)], atol=1e-12)


def test_unit_rows_have_length_one_and_zeros_stay() -> None:
    np.testing.assert_allclose(unit_rows(np.array([[3, 4], [0, 0]], np.float32)), [[0.6, 0.8], [0, 0]])


@given(grids, st.integers(1, 16), st.data())
def test_k_center_equals_the_slow_reference_around_labelled_rows(
    features: Rows, budget: int, data: st.DataObject
) -> None:
    shape = (data.draw(st.integers(1, 3)), features.shape[1])
    covered = data.draw(arrays(np.float32, shape, elements=st.integers(-3, 3).map(float)))
    assert k_center_greedy(features, budget, covered=covered).tolist() == slow_k_center(features, budget, [*covered])


@given(grids, st.integers(1, 16))
def test_k_center_equals_the_slow_reference_from_the_row_nearest_to_the_mean(features: Rows, budget: int) -> None:
    picked = k_center_greedy(features, budget).tolist()
    from_mean = np.linalg.norm(features - features.mean(axis=0), axis=1)
    assert from_mean[picked[0]] == from_mean.min()
    rest = np.delete(np.arange(len(features)), picked[0])
    assert picked[1:] == [int(rest[i]) for i in slow_k_center(features[rest], budget - 1, [features[picked[0]]])]


@given(grids, st.integers(1, 16))
def test_k_center_picks_lie_apart_by_the_radius_they_leave_so_it_is_at_most_twice_the_best(
    features: Rows, budget: int
) -> None:
    picked = k_center_greedy(features, budget)
    radius = cdist(features, features[picked]).min(axis=1).max()
    between = cdist(features[picked], features[picked])[np.triu_indices(len(picked), 1)]
    assert between.min(initial=np.inf) >= radius - 1e-6


@st.composite
def scored(draw: st.DrawFn) -> tuple[NDArray[np.float64], Rows]:
    features = draw(grids)
    elements = st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0])
    return draw(arrays(np.float64, len(features), elements=elements)), features


@given(scored(), st.integers(1, 16), st.booleans())
def test_diverse_picks_are_distinct_and_as_many_as_asked(
    cells: tuple[NDArray[np.float64], Rows], budget: int, has_labelled: bool
) -> None:
    scores, features = cells
    covered = features[:1] if has_labelled else None
    picked = pick_diverse(scores, features, budget, covered=covered)
    assert len(set(picked.tolist())) == len(picked) == min(budget, len(scores))
    assert picked.tolist() == pick_diverse(scores, features, budget, covered=covered).tolist()


@given(scored(), st.integers(1, 16))
def test_copies_are_not_both_picked_while_others_that_differ_remain(
    cells: tuple[NDArray[np.float64], Rows], budget: int
) -> None:
    scores, features = cells
    scores = scores + 0.1
    picked = pick_diverse(scores, features, budget)
    different = len(np.unique(features, axis=0))
    assert len(np.unique(features[picked], axis=0)) == min(budget, different)


def test_copy_of_a_picked_row_comes_after_a_row_that_is_sure() -> None:
    features = np.array([[0, 0], [0, 0], [1, 0], [0, 3]], np.float32)
    assert pick_diverse(np.array([2.0, 1.9, 0.0, 0.0]), features, 4).tolist() == [0, 3, 2, 1]


@given(scored(), st.integers(1, 15))
def test_smaller_budget_picks_the_first_of_a_larger_one(cells: tuple[NDArray[np.float64], Rows], budget: int) -> None:
    assert pick_diverse(*cells, budget).tolist() == pick_diverse(*cells, budget + 1).tolist()[:budget]


@given(scored())
def test_first_pick_is_the_most_uncertain(cells: tuple[NDArray[np.float64], Rows]) -> None:
    scores, features = cells
    assert pick_diverse(scores, features, 1).tolist() == [int(scores.argmax())]


def test_what_resembles_a_labelled_row_waits() -> None:
    features = np.array([[0.0, 0.1], [5, 5]], np.float32)
    scores = np.array([1.0, 0.9])
    labelled = np.array([[0, 0]], np.float32)
    assert pick_diverse(scores, features, 1).tolist() == [0]
    assert pick_diverse(scores, features, 1, covered=labelled).tolist() == [1]


def test_nothing_is_picked_of_nothing() -> None:
    nothing = np.zeros((0, 4), np.float32)
    assert k_center_greedy(nothing, 3).tolist() == []
    assert pick_diverse(np.zeros(0), nothing, 3).tolist() == []


@pytest.mark.parametrize("budget", [0, -1])
def test_budget_below_one_is_refused(budget: int) -> None:
    features = np.zeros((2, 2), np.float32)
    with pytest.raises(ValueError, match="at least 1"):
        k_center_greedy(features, budget)
    with pytest.raises(ValueError, match="at least 1"):
        pick_diverse(np.ones(2), features, budget)
