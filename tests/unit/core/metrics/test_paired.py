"""Chance in the comparison of classifiers."""

import math

import numpy as np
import pytest

from hemascope.core.metrics.paired import cluster_bootstrap, cluster_bootstraps, mcnemar_test


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value"),
    [
        (0, 0, 1.0),  # never differ
        (1, 0, 1.0),  # one difference says nothing
        (5, 5, 1.0),
        (6, 0, 2 / 2**6),  # two tails of six heads
        (8, 2, 2 * (1 + 10 + 45) / 2**10),
    ],
)
def test_mcnemar_gives_the_exact_binomial_probability(only_first, only_second, p_value):
    first = np.array([True] * only_first + [False] * only_second + [True, False])
    second = np.array([False] * only_first + [True] * only_second + [True, False])

    result = mcnemar_test(first, second)

    assert (result.only_first, result.only_second) == (only_first, only_second)
    assert result.p_value == pytest.approx(p_value)


def test_mcnemar_refuses_answers_about_different_cells():
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)"):
        mcnemar_test(np.zeros(2, bool), np.zeros(3, bool))


def test_bootstrap_of_a_mean_agrees_with_its_standard_error():
    values = np.random.default_rng(3).normal(size=400)

    interval = cluster_bootstrap(lambda rows: float(values[rows].mean()), [str(i) for i in range(400)])

    half = 1.96 * values.std() / math.sqrt(400)
    assert interval.low == pytest.approx(values.mean() - half, abs=0.02)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.02)


def test_bootstrap_is_wider_when_the_cells_of_a_group_are_alike():
    values = np.repeat(np.random.default_rng(4).normal(size=20), 20)  # every cell repeats its group's value
    own, shared = [str(i) for i in range(400)], [str(i // 20) for i in range(400)]

    alone = cluster_bootstrap(lambda rows: float(values[rows].mean()), own)
    grouped = cluster_bootstrap(lambda rows: float(values[rows].mean()), shared)

    assert grouped.high - grouped.low > 3 * (alone.high - alone.low)


def test_bootstrap_repeats_with_its_seed_and_knows_nothing_without_cells():
    values = np.arange(10.0)
    groups = list("aabbccddee")

    def mean(rows):
        return float(values[rows].mean())

    assert cluster_bootstrap(mean, groups) == cluster_bootstrap(mean, groups)
    assert math.isnan(cluster_bootstrap(mean, []).low)


def test_several_figures_have_the_limits_that_each_has_alone() -> None:
    values = np.random.default_rng(3).normal(0, 1, 60)
    groups = [str(i // 4) for i in range(60)]
    mean, largest, unknown = cluster_bootstraps(
        lambda rows: [float(values[rows].mean()), float(values[rows].max()), float("nan")], groups, repeats=200
    )
    assert mean == cluster_bootstrap(lambda rows: float(values[rows].mean()), groups, repeats=200)
    assert largest == cluster_bootstrap(lambda rows: float(values[rows].max()), groups, repeats=200)
    assert np.isnan([unknown.low, unknown.high]).all()
