"""Each condition of each rule in isolation: the published cut-off, and whole cells on both sides of it."""

from collections.abc import Iterator
from fractions import Fraction

import pytest

from hemascope.hematology.classification.conditions import (
    AnyOf,
    Condition,
    ConditionResult,
    Facts,
    NumberCondition,
    ShareCondition,
    Truth,
    all_of,
    compare,
    run_condition,
)
from hemascope.hematology.classification.context import ClinicalContext, CountOf
from hemascope.hematology.classification.quantities import Quantities, Quantity
from hemascope.hematology.classification.rules import Rule, System
from hemascope.hematology.classification.suggest import rules_of
from hemascope.hematology.differential import Specimen
from hemascope.hematology.settings import ClassificationSettings

DEFAULTS = ClassificationSettings()
UNKNOWN, MET, FAILED = Truth.UNKNOWN, Truth.MET, Truth.FAILED

# What the sources say, written down a second time and apart from the rules.
PUBLISHED = {
    "F3": "apl_cells_of_anc>=30 abnormal_promyelocytes_of_anc>0",
    "F6": "erythroblasts_of_anc>=50 blasts_of_nec>=30",
    "F6n": "erythroblasts_of_anc>=50 blasts_of_nec<30 lymphoblasts_of_anc<30",
    "F0": "erythroblasts_of_anc<50 blasts_of_anc<30 lymphoblasts_of_anc<30",
    "F7": "megakaryoblasts_of_anc>=30",
    "F5a": "blasts_of_anc>=30 monocytic_of_nec>=80 monoblasts_of_monocytic>=80",
    "F5b": "blasts_of_anc>=30 monocytic_of_nec>=80 monoblasts_of_monocytic<80",
    "F4e": "blasts_of_anc>=30 granulocytic_of_nec>=20 granulocytic_of_nec<80 monocytic_of_nec>=20"
    " blood_monocytes_e9_per_l>=5 lysozyme_times_normal>=3 monocytic_of_nec<80 abnormal_eosinophils_of_nec>=5",
    "F4": "blasts_of_anc>=30 granulocytic_of_nec>=20 granulocytic_of_nec<80 monocytic_of_nec>=20"
    " blood_monocytes_e9_per_l>=5 lysozyme_times_normal>=3 monocytic_of_nec<80",
    "F1": "blasts_of_anc>=30 blasts_of_nec>=90 mpo_or_sbb_percent>=3 maturing_of_nec<=10",
    "F2": "blasts_of_anc>=30 blasts_of_nec>=30 blasts_of_nec<90 granulocytic_of_nec>=10 monocytic_of_nec<20",
    "F0m": "blasts_of_anc>=30 mpo_or_sbb_percent<3 myeloid_antigen_percent>=20",
    "L": "lymphoblasts_of_anc>=30 mpo_or_sbb_percent<3",
    "S1-RAEB-t": "blasts_of_anc<30 blasts_of_anc>=20 blood_blasts>=5",
    "S1-CMML": "blasts_of_anc<=20 blood_monocytes_e9_per_l>1",
    "S1-RAEB": "blasts_of_anc>=5 blasts_of_anc<20 blood_blasts<5",
    "S1-RARS": "blasts_of_anc<5 blood_blasts<1 ring_sideroblasts>15",
    "S1-RA": "blasts_of_anc<5 blood_blasts<1",
    "W2": "",
    "W2-20": "blasts_of_anc>=20 blood_blasts>=20",
    "W1": "blasts_of_anc>=20 blood_blasts>=20",
    "E1": "immature_erythroid_of_anc>80 proerythroblasts_of_anc>=30",
    "WL": "lymphoblasts_of_anc>=20",
    "W3-biTP53": "blasts_of_anc<20 blood_blasts<20",
    "W3-f": "blasts_of_anc>=5 blood_blasts>=2 blasts_of_anc<20 blood_blasts<20",
    "W3-IB2": "blasts_of_anc>=10 blood_blasts>=5 blasts_of_anc<20 blood_blasts<20",
    "W3-IB1": "blasts_of_anc>=5 blood_blasts>=2 blasts_of_anc<10 blood_blasts<5",
    "W3-5q": "blasts_of_anc<5 blood_blasts<2",
    "W3-SF3B1": "ring_sideroblasts>=15 blasts_of_anc<5 blood_blasts<2",
    "W3-LB": "blasts_of_anc<5 blood_blasts<2",
    "E1n": "erythroblasts_of_anc>=50 blasts_of_anc<20 blasts_of_nec>=20",
    "I2": "blasts_of_anc>=10 blood_blasts>=10",
    "I2-20": "blasts_of_anc>=20 blood_blasts>=20",
    "I1-TP53": "blasts_of_anc>=20 blood_blasts>=20",
    "I1": "blasts_of_anc>=20 blood_blasts>=20",
    "I-E1": "immature_erythroid_of_anc>80 proerythroblasts_of_anc>=30",
    "IL": "lymphoblasts_of_anc>=20",
    "I1-MDS/AML-TP53": "blasts_of_anc>=10 blood_blasts>=10 blasts_of_anc<20 blood_blasts<20",
    "I1-MDS/AML": "blasts_of_anc>=10 blood_blasts>=10 blasts_of_anc<20 blood_blasts<20",
    "I1-EB": "blasts_of_anc>=5 blood_blasts>=2 blasts_of_anc<10 blood_blasts<10",
    "I3-5q": "blasts_of_anc<5 blood_blasts<2",
    "I3-SF3B1": "blasts_of_anc<5 blood_blasts<2",
    "I3-NOS": "blasts_of_anc<5 blood_blasts<2",
    "I1n": "blasts_of_anc<10 blood_blasts>=5 blood_blasts<10",
}

# Cells that raise each share, and cells that fill up its denominator.
CELLS = {
    Quantity.BLASTS_ANC: ("blast", "lymphocyte"),
    Quantity.BLASTS_NEC: ("promonocyte", "lymphocyte"),
    Quantity.APL_CELLS_ANC: ("faggot_cell", "lymphocyte"),
    Quantity.ABNORMAL_PROMYELOCYTES_ANC: ("abnormal_promyelocyte", "lymphocyte"),
    Quantity.LYMPHOBLASTS_ANC: ("lymphoblast", "lymphocyte"),
    Quantity.MEGAKARYOBLASTS_ANC: ("megakaryoblast", "blast"),
    Quantity.ERYTHROBLASTS_ANC: ("orthochromatic_erythroblast", "blast"),
    Quantity.IMMATURE_ERYTHROID_ANC: ("basophilic_erythroblast", "polychromatic_erythroblast"),
    Quantity.PROERYTHROBLASTS_ANC: ("proerythroblast", "erythroblast"),
    Quantity.GRANULOCYTIC_NEC: ("basophil", "myeloblast"),
    Quantity.MONOCYTIC_NEC: ("monocyte", "lymphocyte"),
    Quantity.MATURING_NEC: ("monocyte", "promonocyte"),
    Quantity.ABNORMAL_EOSINOPHILS_NEC: ("abnormal_eosinophil", "eosinophil"),
    Quantity.MONOBLASTS_MONOCYTIC: ("monoblast", "promonocyte"),
}


def _leaves(conditions: tuple[Condition, ...]) -> Iterator[Condition]:
    for condition in conditions:
        if isinstance(condition, AnyOf):
            yield from _leaves(condition.conditions)
        else:
            yield condition


def _rules(table: tuple[Rule, ...]) -> Iterator[Rule]:
    for rule in table:
        yield rule
        yield from _rules(rule.continues_in)


ALL_RULES = {rule.id: rule for system in System for table in rules_of(system, DEFAULTS) for rule in _rules(table)}


def _written(condition: Condition) -> str:
    if isinstance(condition, ShareCondition):
        return f"{condition.quantity}{condition.relation}{condition.percent}"
    if isinstance(condition, NumberCondition):
        return f"{condition.fact}{condition.relation}{condition.limit}"
    return ""


@pytest.mark.parametrize("rule_id", PUBLISHED)
def test_rule_has_the_published_cutoffs(rule_id: str) -> None:
    written = [_written(condition) for condition in _leaves(ALL_RULES[rule_id].conditions)]

    assert " ".join(text for text in written if text) == PUBLISHED[rule_id]


def test_every_rule_is_written_down_a_second_time() -> None:
    assert set(ALL_RULES) == set(PUBLISHED)


def _facts(counts: dict[str, int], context: ClinicalContext | None = None) -> Facts:
    context = context or ClinicalContext()
    return Facts(Quantities(counts, Specimen.BONE_MARROW, context, DEFAULTS), context)


def _with_share(quantity: Quantity, cells: int) -> Facts:
    """`cells` of 1000."""
    if quantity is Quantity.BLOOD_BLASTS:
        return _facts({}, ClinicalContext(blood_blasts=CountOf(count=cells, of=1000)))
    if quantity is Quantity.RING_SIDEROBLASTS:
        return _facts({}, ClinicalContext(ring_sideroblasts=CountOf(count=cells, of=1000)))
    inside, outside = CELLS[quantity]
    return _facts({inside: cells, outside: 1000 - cells, "megakaryocyte": 77})


SHARES = sorted(
    {leaf for rule in ALL_RULES.values() for leaf in _leaves(rule.conditions) if isinstance(leaf, ShareCondition)},
    key=_written,
)


@pytest.mark.parametrize("condition", SHARES, ids=_written)
def test_share_is_compared_by_whole_cells_on_both_sides_of_the_cutoff(condition: ShareCondition) -> None:
    at = 10 * condition.percent
    around = [cells for cells in (at - 1, at, at + 1) if cells >= 0]
    found = [run_condition(condition, _with_share(condition.quantity, cells)) for cells in around]

    expected = [
        {">=": cells >= at, ">": cells > at, "<=": cells <= at, "<": cells < at}[condition.relation] for cells in around
    ]
    assert [result.truth for result in found] == [MET if holds else FAILED for holds in expected]
    assert [(result.count, result.of) for result in found] == [(cells, 1000) for cells in around]


@pytest.mark.parametrize(
    ("relation", "answers"),
    [
        (">=", [False, True, True]),
        (">", [False, False, True]),
        ("<=", [True, True, False]),
        ("<", [True, False, False]),
    ],
)
def test_compare_is_exact_on_the_cutoff(relation: str, answers: list[bool]) -> None:
    third = Fraction(1, 3)
    around = (third - Fraction(1, 10**30), third, third + Fraction(1, 10**30))

    assert [compare(value, relation, third) for value in around] == answers  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("truths", "together"),
    [
        ([], MET),
        ([MET, MET], MET),
        ([MET, UNKNOWN], UNKNOWN),
        ([UNKNOWN, FAILED, MET], FAILED),
    ],
)
def test_all_of_fails_before_it_is_unknown(truths: list[Truth], together: Truth) -> None:
    assert all_of(truths) is together


@pytest.mark.parametrize(
    ("blood", "monocytes", "truth"),
    [(None, None, UNKNOWN), (5, None, MET), (None, 5.0, MET), (4, 1.0, FAILED), (4, None, UNKNOWN)],
)
def test_any_of_holds_with_one_and_is_unknown_while_one_may(
    blood: int | None, monocytes: float | None, truth: Truth
) -> None:
    either = AnyOf(
        (ShareCondition(Quantity.BLOOD_BLASTS, ">=", 5), NumberCondition("blood_monocytes_e9_per_l", ">=", 5))
    )
    share = None if blood is None else CountOf(count=blood, of=100)
    context = ClinicalContext(blood_blasts=share, blood_monocytes_e9_per_l=monocytes)

    assert run_condition(either, _facts({}, context)).truth is truth


def test_share_is_a_range_where_the_model_lacks_a_class_and_unknown_while_the_range_holds_the_cutoff() -> None:
    context = ClinicalContext()
    model = ["blast", "monocyte", "segmented_neutrophil"]

    def run(blasts: int, monocytes: int) -> ConditionResult:
        counts = {"blast": blasts, "monocyte": monocytes, "segmented_neutrophil": 1000 - blasts - monocytes}
        quantities = Quantities(counts, Specimen.BONE_MARROW, context, DEFAULTS, model)
        return run_condition(ShareCondition(Quantity.MONOCYTIC_NEC, ">=", 20), Facts(quantities, context))

    # Monoblasts and promonocytes, which the model lacks, may be among the blasts.
    known, unknown, surely_fewer = run(0, 200), run(100, 100), run(100, 99)

    assert (known.truth, known.count, known.count_high, known.unknown_classes) == (MET, 200, None, ())
    assert (unknown.truth, unknown.count, unknown.count_high) == (UNKNOWN, 100, 200)
    assert unknown.unknown_classes == ("monoblast", "promonocyte")
    assert (surely_fewer.truth, surely_fewer.count_high) == (FAILED, 199)


def test_share_of_no_cells_is_zero() -> None:
    none_of_none = run_condition(ShareCondition(Quantity.MONOBLASTS_MONOCYTIC, ">=", 80), _facts({"lymphocyte": 9}))

    assert (none_of_none.truth, none_of_none.count, none_of_none.of) == (FAILED, 0, 0)
