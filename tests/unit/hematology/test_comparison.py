import math
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.errors import CountsError
from hemascope.hematology.comparison import cohen_kappa, compare_counts, fisher_exact
from hemascope.hematology.differential import Specimen, differential
from hemascope.hematology.settings import DifferentialSettings

BLOOD, MARROW = Specimen.PERIPHERAL_BLOOD, Specimen.BONE_MARROW
pairs = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def _fisher_in_fractions(first: int, first_of: int, second: int, second_of: int) -> Fraction:
    together = first + second
    ways = {
        k: math.comb(first_of, k) * math.comb(second_of, together - k)
        for k in range(max(0, together - second_of), min(together, first_of) + 1)
    }
    return Fraction(sum(way for way in ways.values() if way <= ways[first]), sum(ways.values()))


@settings(deadline=None)
@given(pairs, pairs)
def test_fisher_exact_is_the_sum_of_all_tables_no_likelier_than_the_one_seen(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    assert fisher_exact(*one, *other) == pytest.approx(float(_fisher_in_fractions(*one, *other)), rel=1e-6)


@pytest.mark.parametrize(
    ("first", "second", "p_value"),
    [
        ((3, 4), (1, 4), 34 / 70),  # the lady tasting tea, two-sided
        ((10, 200), (10, 200), 1.0),
        ((0, 200), (0, 200), 1.0),
    ],
)
def test_fisher_exact_for(first: tuple[int, int], second: tuple[int, int], p_value: float) -> None:
    assert fisher_exact(*first, *second) == pytest.approx(p_value)


def test_compare_counts_of_two_readers_with_200_cells_each() -> None:
    first = differential({"segmented_neutrophil": 120, "lymphocyte": 70, "eosinophil": 10}, BLOOD)
    second = differential({"segmented_neutrophil": 96, "lymphocyte": 76, "eosinophil": 8, "monocyte": 20}, BLOOD)

    found = compare_counts(first, second)

    assert {one.class_id: one.differs for one in found.classes} == {
        "segmented_neutrophil": True, "eosinophil": False, "monocyte": True, "lymphocyte": False,
    }  # fmt: skip
    assert not found.agrees
    assert (found.merged.denominator, found.merged.rows[0].count) == (400, 216)
    eosinophils = next(one for one in found.classes if one.class_id == "eosinophil")
    assert (eosinophils.first.percent_low, eosinophils.first.percent_high) == pytest.approx((2.42, 9.0), abs=0.01)


@given(st.dictionaries(st.sampled_from(["lymphocyte", "monocyte", "basophil"]), st.integers(0, 100)))
def test_compare_counts_agrees_with_itself(counts: dict[str, int]) -> None:
    one = differential(counts, BLOOD)

    assert compare_counts(one, one).agrees


def test_compare_counts_finds_nothing_where_nothing_was_counted() -> None:
    found = compare_counts(differential({}, BLOOD), differential({"lymphocyte": 9}, BLOOD))

    assert found.agrees
    assert found.classes[0].p_value is None


def test_compare_counts_refuses_blood_with_marrow_and_different_settings() -> None:
    blood = differential({}, BLOOD)
    for other in (differential({}, MARROW), differential({}, BLOOD, DifferentialSettings(confidence=0.9))):
        with pytest.raises(CountsError, match="cannot be compared"):
            compare_counts(blood, other)


@pytest.mark.parametrize(
    ("first", "second", "kappa"),
    [
        ("aabb", "aabb", 1.0),
        ("aabb", "bbaa", -1.0),
        ("aabb", "abab", 0.0),
        ("a" * 45 + "b" * 15 + "a" * 25 + "b" * 15, "a" * 60 + "b" * 40, 0.1304),  # Landis-Koch style table
        ("aaaa", "aaaa", None),  # chance alone explains it
        ("", "", None),
    ],
)
def test_cohen_kappa_for(first: str, second: str, kappa: float | None) -> None:
    found = cohen_kappa(list(first), list(second))

    assert found.kappa == (None if kappa is None else pytest.approx(kappa, abs=1e-4))
    assert found.cells == len(first)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc"))), st.randoms(use_true_random=False))
def test_cohen_kappa_depends_on_neither_cell_order_nor_reader_order(
    labels: list[tuple[str, str]], shuffler: random.Random
) -> None:
    before = cohen_kappa([one for one, _ in labels], [other for _, other in labels])
    shuffler.shuffle(labels)

    assert cohen_kappa([other for _, other in labels], [one for one, _ in labels]) == before


def test_cohen_kappa_refuses_readers_of_different_cells() -> None:
    with pytest.raises(CountsError, match="2 and 1 labels"):
        cohen_kappa(["a", "b"], ["a"])
