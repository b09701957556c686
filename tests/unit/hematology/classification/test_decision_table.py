# ruff: noqa: E501 (a table is read by its columns: one row a case)
"""Every row of the decision table, and every cut-off from both sides at exactly equal counts.

The gate X1 has tests of its own; here straddling intervals only alert, so that the bare rules are seen.
"""

import pytest

from hemascope.hematology.classification.context import ClinicalContext, CountOf, Lesion
from hemascope.hematology.classification.rules import Outcome
from hemascope.hematology.classification.suggest import suggest
from hemascope.hematology.classification.suggestions import Suggestion, Suggestions
from hemascope.hematology.differential import Specimen
from hemascope.hematology.settings import ClassificationSettings, DifferentialSettings, M3Numerator, NecMode

BARE = ClassificationSettings(withhold_when_straddling=False)
C = ClinicalContext
NOTHING = C()
MPO = C(mpo_or_sbb_percent=50)


def _marrow(fill: str = "segmented_neutrophil", total: int = 1000, **counts: int) -> dict[str, int]:
    """`counts` with as many cells of `fill` as make `total`."""
    return counts | {fill: total - sum(counts.values())}


def _suggest(
    counts: dict[str, int], context: ClinicalContext = NOTHING, settings: ClassificationSettings = BARE
) -> Suggestions:
    return suggest(counts, Specimen.BONE_MARROW, context, settings)


def _row(suggestion: Suggestion) -> str:
    """The last rule that fired, or why none did."""
    return suggestion.rule_id or suggestion.status.value


# fmt: off
FAB = [
    # the row that fires, why, counts, context
    ("F3", "exactly 30 % blasts and abnormal promyelocytes", _marrow(myeloblast=200, abnormal_promyelocyte=100), NOTHING),
    ("S1-RAEB-t", "one cell fewer", _marrow(myeloblast=200, abnormal_promyelocyte=99), NOTHING),
    ("F3", "one faggot cell is enough", _marrow(myeloblast=299, faggot_cell=1), NOTHING),
    ("F3", "morphology reported", _marrow(myeloblast=300), C(apl_morphology=True)),
    ("F2", "morphology denied", _marrow(myeloblast=300), C(apl_morphology=False)),
    ("F6", "half erythroblasts, 30 % of NEC", _marrow(erythroblast=500, myeloblast=150), NOTHING),
    ("S1-RAEB", "half erythroblasts, fewer of NEC", _marrow(erythroblast=500, myeloblast=149), NOTHING),
    ("S1-RAEB", "fewer erythroblasts", _marrow(erythroblast=499, myeloblast=151), NOTHING),
    ("F6", "14 of 35 non-erythroid", _marrow(erythroblast=650, myeloblast=140), NOTHING),
    ("S1-RAEB-t", "25 % blasts", _marrow(blast=250, erythroblast=200), NOTHING),
    ("F2", "exactly 30 %", _marrow(blast=300, erythroblast=200), NOTHING),
    ("S1-RAEB-t", "just below 30 %", _marrow(blast=299, erythroblast=200), NOTHING),
    ("F7", "30 % megakaryoblasts with markers", _marrow(megakaryoblast=300), C(platelet_markers=True)),
    ("F2", "markers absent", _marrow(megakaryoblast=300), C(platelet_markers=False)),
    ("open", "never from morphology alone", _marrow(megakaryoblast=300), NOTHING),
    ("F2", "fewer megakaryoblasts", _marrow(megakaryoblast=299, myeloblast=1), NOTHING),
    ("F5a", "80 % monocytic, 80 % monoblasts", _marrow(monoblast=640, monocyte=160), NOTHING),
    ("F5b", "fewer monoblasts", _marrow(monoblast=639, monocyte=161), NOTHING),
    ("F4", "fewer monocytic", _marrow(monoblast=639, monocyte=160), NOTHING),
    ("F5b", "promonocytes are blasts", _marrow(promonocyte=300, monocyte=500), NOTHING),
    ("F0", "too few blasts for M5", _marrow(promonocyte=29, monocyte=771), NOTHING),
    ("F4", "20 % granulocytic, 20 % monocytic", _marrow("myeloblast", promyelocyte=200, monocyte=200), NOTHING),
    ("no-rule", "fewer granulocytic", _marrow("myeloblast", promyelocyte=199, monocyte=200), MPO),
    ("F2", "fewer monocytic", _marrow("myeloblast", promyelocyte=200, monocyte=199), NOTHING),
    ("F4", "5 blood monocytes", _marrow("myeloblast", myelocyte=200), C(blood_monocytes_e9_per_l=5)),
    ("F2", "fewer blood monocytes", _marrow("myeloblast", myelocyte=200), C(blood_monocytes_e9_per_l=4.9)),
    ("F4", "lysozyme three times normal", _marrow("myeloblast", myelocyte=200), C(lysozyme_times_normal=3)),
    ("F2", "less lysozyme", _marrow("myeloblast", myelocyte=200), C(lysozyme_times_normal=2.9)),
    ("F4e", "5 % abnormal eosinophils", _marrow("myeloblast", abnormal_eosinophil=50, myelocyte=150, monocyte=200), NOTHING),
    ("F4", "fewer", _marrow("myeloblast", abnormal_eosinophil=49, myelocyte=151, monocyte=200), NOTHING),
    ("F1", "90 % of NEC, MPO 3 %", _marrow(myeloblast=900), C(mpo_or_sbb_percent=3)),
    ("F2", "fewer of NEC", _marrow(myeloblast=899), C(mpo_or_sbb_percent=3)),
    ("F1", "erythroblasts are outside NEC", _marrow(myeloblast=720, erythroblast=200), MPO),
    ("open", "MPO not known: M1 or M0", _marrow(myeloblast=900), NOTHING),
    ("F0m", "MPO below 3 %", _marrow(myeloblast=900), C(mpo_or_sbb_percent=2.9, myeloid_antigen_percent=20, lymphoid_markers=False)),
    ("no-rule", "too little antigen", _marrow(myeloblast=900), C(mpo_or_sbb_percent=2.9, myeloid_antigen_percent=19.9, lymphoid_markers=False)),
    ("no-rule", "lymphoid markers", _marrow(myeloblast=900), C(mpo_or_sbb_percent=2.9, myeloid_antigen_percent=20, lymphoid_markers=True)),
    ("F2", "10 % granulocytic of NEC", _marrow("myeloblast", myelocyte=100, lymphocyte=101), NOTHING),
    ("no-rule", "fewer granulocytic", _marrow("myeloblast", myelocyte=99, lymphocyte=101), MPO),
    ("L", "30 % lymphoblasts", _marrow(lymphoblast=300), NOTHING),
    ("F0", "fewer lymphoblasts", _marrow(lymphoblast=299), NOTHING),
    ("no-rule", "lymphoblasts with MPO", _marrow(lymphoblast=900), C(mpo_or_sbb_percent=3)),
    ("L", "unspecified blasts are lymphoid by flow", _marrow(blast=900), C(lymphoid_markers=True, mpo_or_sbb_percent=0)),
    ("F6n", "MDS table open without blood blasts", _marrow(erythroblast=600, myeloblast=10), NOTHING),
    ("F0", "normal marrow", _marrow(erythroblast=250, blast=10, lymphocyte=100), NOTHING),
]


def _known(blood: int, of: int = 1000, **facts: object) -> ClinicalContext:
    """All that the MDS rows ask for."""
    return C.model_validate({"cytopenia": True, "dysplasia": True, "blood_blasts": CountOf(count=blood, of=of), **facts})


def _rings(count: int) -> CountOf:
    return CountOf(count=count, of=100)


FAB_MDS = [
    ("S1-RA", "few blasts anywhere", _marrow(blast=49), _known(9)),
    ("F0", "1 % in blood", _marrow(blast=49), _known(10)),
    ("S1-RAEB", "5 % in marrow", _marrow(blast=50), _known(9)),
    ("S1-RARS", "16 % ring sideroblasts", _marrow(blast=49), _known(9, ring_sideroblasts=_rings(16))),
    ("S1-RA", "exactly 15 %", _marrow(blast=49), _known(9, ring_sideroblasts=_rings(15))),
    ("S1-RAEB", "5 % in blood not reached", _marrow(blast=50), _known(49)),
    ("S1-RAEB-t", "5 % in blood", _marrow(blast=50), _known(50)),
    ("S1-RAEB", "just below 20 %", _marrow(blast=199), _known(0)),
    ("S1-RAEB-t", "exactly 20 %", _marrow(blast=200), _known(0)),
    ("S1-RAEB-t", "Auer rods", _marrow(blast=50), _known(0, auer_rods=True)),
    ("S1-CMML", "blood monocytes above 1", _marrow(blast=50), _known(0, blood_monocytes_e9_per_l=1.1)),
    ("S1-RAEB", "exactly 1", _marrow(blast=50), _known(0, blood_monocytes_e9_per_l=1)),
    ("F0", "no dysplasia", _marrow(blast=49), _known(0, dysplasia=False)),
    ("F0", "no cytopenia", _marrow(blast=100), _known(0, cytopenia=False)),
]

WHO = [
    ("W1", "exactly 20 %", _marrow(blast=200), NOTHING),
    ("W3-IB2", "just below 20 %", _marrow(blast=199), NOTHING),
    ("W1", "20 % in blood", _marrow(blast=10), C(blood_blasts=CountOf(count=200, of=1000))),
    ("W3-IB2", "fewer in blood", _marrow(blast=10), C(blood_blasts=CountOf(count=199, of=1000))),
    ("W3-IB2", "14 % of all, 40 % of NEC", _marrow(erythroblast=650, myeloblast=140), NOTHING),
    ("W3-IB2", "10 %", _marrow(blast=100), NOTHING),
    ("W3-IB1", "just below 10 %", _marrow(blast=99), NOTHING),
    ("W3-IB1", "5 %", _marrow(blast=50), NOTHING),
    ("open", "below 5 %: cytopenia, dysplasia and blood must be known", _marrow(blast=49), NOTHING),
    ("W3-LB", "below 5 and 2 %", _marrow(blast=49), _known(19)),
    ("W3-IB1", "2 % in blood", _marrow(blast=49), _known(20)),
    ("W3-IB1", "below 5 % in blood", _marrow(blast=49), _known(49)),
    ("W3-IB2", "5 % in blood", _marrow(blast=49), _known(50)),
    ("W3-IB2", "Auer rods", _marrow(blast=49), _known(0, auer_rods=True)),
    ("no-rule", "no dysplasia", _marrow(blast=49), _known(0, dysplasia=False)),
    ("no-rule", "no cytopenia", _marrow(blast=150), _known(0, cytopenia=False)),
    ("W3-f", "fibrosis, 5 %", _marrow(blast=50), _known(0, fibrosis=True)),
    ("W3-LB", "fibrosis, fewer blasts", _marrow(blast=49), _known(19, fibrosis=True)),
    ("W3-f", "fibrosis, 2 % in blood", _marrow(blast=49), _known(20, fibrosis=True)),
    ("W3-f", "fibrosis, Auer rods", _marrow(blast=49), _known(0, fibrosis=True, auer_rods=True)),
    ("W3-SF3B1", "15 % ring sideroblasts", _marrow(blast=49), _known(0, ring_sideroblasts=_rings(15))),
    ("W3-LB", "fewer ring sideroblasts", _marrow(blast=49), _known(0, ring_sideroblasts=_rings(14))),
    ("W3-SF3B1", "SF3B1", _marrow(blast=49), _known(0, lesions=[Lesion.SF3B1])),
    ("W3-5q", "del(5q)", _marrow(blast=49), _known(0, lesions=[Lesion.DEL_5Q])),
    ("W3-biTP53", "TP53, below 20 %", _marrow(blast=199), _known(199, lesions=[Lesion.TP53_MULTI_HIT])),
    ("W1", "TP53, 20 %", _marrow(blast=200), _known(0, lesions=[Lesion.TP53_MULTI_HIT])),
    ("W3-LB", "one TP53 hit", _marrow(blast=10), _known(0, lesions=[Lesion.TP53])),
    ("W2", "defining fusion at any percentage", _marrow(), C(lesions=[Lesion.NPM1])),
    ("W2-20", "BCR::ABL1, 20 %", _marrow(blast=200), C(lesions=[Lesion.BCR_ABL1])),
    ("W3-IB2", "BCR::ABL1, fewer", _marrow(blast=199), C(lesions=[Lesion.BCR_ABL1])),
    ("W2-20", "CEBPA, 20 %", _marrow(blast=200), C(lesions=[Lesion.CEBPA])),
    ("W3-IB2", "CEBPA, fewer", _marrow(blast=199), C(lesions=[Lesion.CEBPA])),
    ("E1", "over 80 % immature, 30 % proerythroblasts", _marrow(proerythroblast=300, basophilic_erythroblast=501), NOTHING),
    ("open", "exactly 80 %", _marrow(proerythroblast=300, basophilic_erythroblast=500), NOTHING),
    ("open", "fewer proerythroblasts", _marrow(proerythroblast=299, basophilic_erythroblast=502), NOTHING),
    ("WL", "20 % lymphoblasts", _marrow(lymphoblast=200), NOTHING),
    ("open", "fewer lymphoblasts", _marrow(lymphoblast=199), NOTHING),
]

ICC = [
    ("I1", "exactly 20 %", _marrow(blast=200), NOTHING),
    ("I1-MDS/AML", "just below 20 %", _marrow(blast=199), NOTHING),
    ("I1-MDS/AML", "10 %", _marrow(blast=100), NOTHING),
    ("I1-MDS/AML", "14 % of all, 40 % of NEC", _marrow(erythroblast=650, myeloblast=140), NOTHING),
    ("I1-EB", "just below 10 %", _marrow(blast=99), NOTHING),
    ("I1-EB", "5 %", _marrow(blast=50), NOTHING),
    ("open", "below 5 %", _marrow(blast=49), NOTHING),
    ("I3-NOS", "below 5 and 2 %", _marrow(blast=49), _known(19)),
    ("I1-EB", "2 % in blood", _marrow(blast=49), _known(20)),
    ("I1-EB", "9.9 % in blood", _marrow(blast=49), _known(99)),
    ("I1-MDS/AML", "10 % in blood", _marrow(blast=49), _known(100)),
    ("I1-MDS/AML", "19.9 % in blood", _marrow(blast=49), _known(199)),
    ("I1", "20 % in blood", _marrow(blast=49), _known(200)),
    ("I1-EB", "Auer rods", _marrow(blast=49), _known(0, auer_rods=True)),
    ("no-rule", "no dysplasia", _marrow(blast=49), _known(0, dysplasia=False)),
    ("no-rule", "no cytopenia", _marrow(blast=150), _known(0, cytopenia=False)),
    ("I2", "NPM1, 10 %", _marrow(blast=100), C(lesions=[Lesion.NPM1])),
    ("I1-EB", "NPM1, fewer", _marrow(blast=99), C(lesions=[Lesion.NPM1])),
    ("I2", "NPM1, 10 % in blood", _marrow(blast=9), C(lesions=[Lesion.NPM1], blood_blasts=CountOf(count=100, of=1000))),
    ("I2", "CEBPA, 10 %", _marrow(blast=100), C(lesions=[Lesion.CEBPA])),
    ("I2-20", "BCR::ABL1, 20 %", _marrow(blast=200), C(lesions=[Lesion.BCR_ABL1])),
    ("I1-MDS/AML", "BCR::ABL1, fewer", _marrow(blast=199), C(lesions=[Lesion.BCR_ABL1])),
    ("I1-TP53", "TP53, 20 %", _marrow(blast=200), C(lesions=[Lesion.TP53])),
    ("I1-MDS/AML-TP53", "TP53, fewer", _marrow(blast=199), C(lesions=[Lesion.TP53])),
    ("I1-MDS/AML-TP53", "TP53, 10 %", _marrow(blast=100), C(lesions=[Lesion.TP53_MULTI_HIT])),
    ("I1-EB", "TP53, below 10 %", _marrow(blast=99), C(lesions=[Lesion.TP53])),
    ("I3-5q", "del(5q)", _marrow(blast=49), _known(0, lesions=[Lesion.DEL_5Q])),
    ("I3-SF3B1", "SF3B1", _marrow(blast=49), _known(0, lesions=[Lesion.SF3B1])),
    ("I3-NOS", "ring sideroblasts do not stand in", _marrow(blast=49), _known(0, ring_sideroblasts=_rings(50))),
    ("I-E1", "over 80 % immature, 30 % proerythroblasts", _marrow(proerythroblast=300, basophilic_erythroblast=501), NOTHING),
    ("open", "exactly 80 %", _marrow(proerythroblast=300, basophilic_erythroblast=500), NOTHING),
    ("open", "fewer proerythroblasts", _marrow(proerythroblast=299, basophilic_erythroblast=502), NOTHING),
    ("IL", "20 % lymphoblasts", _marrow(lymphoblast=200), NOTHING),
    ("open", "fewer lymphoblasts", _marrow(lymphoblast=199), NOTHING),
]
# fmt: on


@pytest.mark.parametrize(("row", "why", "counts", "context"), FAB + FAB_MDS)
def test_fab_fires_the_row(row: str, why: str, counts: dict[str, int], context: ClinicalContext) -> None:
    assert _row(_suggest(counts, context).fab) == row, why


@pytest.mark.parametrize(("row", "why", "counts", "context"), WHO)
def test_who_2022_fires_the_row(row: str, why: str, counts: dict[str, int], context: ClinicalContext) -> None:
    assert _row(_suggest(counts, context).who2022) == row, why


@pytest.mark.parametrize(("row", "why", "counts", "context"), ICC)
def test_icc_2022_fires_the_row(row: str, why: str, counts: dict[str, int], context: ClinicalContext) -> None:
    assert _row(_suggest(counts, context).icc2022) == row, why


def test_suggest_repeats_the_published_example_with_the_gate_on() -> None:
    # 65 % erythroblasts, 14 % myeloblasts: 14 of 35 non-erythroid cells are 40 %.
    found = _suggest(_marrow(erythroblast=650, myeloblast=140), settings=ClassificationSettings())

    assert [one.outcome for one in found.each] == [Outcome.M6, Outcome.WHO_MDS_IB2, Outcome.ICC_MDS_AML]
    assert found.who2022.notes == (Outcome.NOTE_FORMER_M6,)
    condition = next(rule for rule in found.fab.trace if rule.rule_id == "F6").conditions[1]
    assert (condition.count, condition.of) == (140, 350)


def test_suggest_calls_25_percent_blasts_raeb_t_by_fab_and_aml_by_the_others() -> None:
    found = _suggest(_marrow(blast=250, erythroblast=200), settings=ClassificationSettings())

    assert [one.outcome for one in found.each] == [Outcome.RAEB_T, Outcome.WHO_AML, Outcome.ICC_AML]
    assert found.fab.fired == ("F0", "S1-RAEB-t")


def test_suggest_compares_counts_when_the_rounded_percentage_would_reach_the_cutoff() -> None:
    # 39 of 200 are 19.5 %, which rounds to 20; 1999 of 10 000 are 20.0 % when rounded to one place.
    for counts in (_marrow(total=200, blast=39), _marrow(total=10_000, blast=1999)):
        few = ClassificationSettings(withhold_when_straddling=False, counting=DifferentialSettings(min_cells_marrow=0))
        assert _suggest(counts, settings=few).who2022.outcome is Outcome.WHO_MDS_IB2


@pytest.mark.parametrize(
    ("blasts", "context", "holds"),
    [
        (99, C(blood_blasts=CountOf(count=50, of=1000)), True),
        (99, C(blood_blasts=CountOf(count=49, of=1000)), False),
        (99, C(blood_blasts=CountOf(count=100, of=1000)), False),
        (99, C(auer_rods=True), True),
        (99, NOTHING, False),
        (100, C(auer_rods=True), False),
    ],
)
def test_icc_note_says_where_who_would_say_ib2(blasts: int, context: ClinicalContext, holds: bool) -> None:
    assert (Outcome.NOTE_WHO_IB2 in _suggest(_marrow(blast=blasts), context).icc2022.notes) == holds


@pytest.mark.parametrize(
    ("erythroblasts", "blasts", "holds"),
    [(500, 100, True), (499, 101, False), (500, 99, False), (800, 199, True), (800, 200, False)],
)
def test_who_note_says_where_m6_became_mds(erythroblasts: int, blasts: int, holds: bool) -> None:
    notes = _suggest(_marrow(erythroblast=erythroblasts, blast=blasts)).who2022.notes

    assert (Outcome.NOTE_FORMER_M6 in notes) == holds


# fmt: off
DISPUTED = [
    # setting, its other value, counts, the row by default, the row then
    ("m4_granulocytic_percent", "30", _marrow("myeloblast", myelocyte=299, monocyte=200), "F4", "no-rule"),
    ("m4_granulocytic_percent", "30", _marrow("myeloblast", myelocyte=300, monocyte=200), "F4", "F4"),
    ("m4_monocytic_percent", "30", _marrow("myeloblast", myelocyte=200, monocyte=299), "F4", "no-rule"),
    ("m4_monocytic_percent", "30", _marrow("myeloblast", myelocyte=200, monocyte=300), "F4", "F4"),
    ("nec_mode", "strict", _marrow(erythroblast=500, myeloblast=140, lymphocyte=100), "S1-RAEB", "F6"),
    ("m3_numerator", "abnormal_only", _marrow(myeloblast=100, abnormal_promyelocyte=299), "F3", "S1-RAEB"),
    ("m3_numerator", "abnormal_only", _marrow(myeloblast=100, abnormal_promyelocyte=300), "F3", "F3"),
    ("raeb_t_at_20", "False", _marrow(blast=200), "S1-RAEB-t", "S1-RAEB"),
    ("raeb_t_at_20", "False", _marrow(blast=201), "S1-RAEB-t", "S1-RAEB-t"),
]
# fmt: on


@pytest.mark.parametrize(("setting", "value", "counts", "default", "other"), DISPUTED)
def test_fab_shows_both_outcomes_where_sources_disagree(
    setting: str, value: str, counts: dict[str, int], default: str, other: str
) -> None:
    context = MPO if other == "no-rule" else NOTHING
    fab = _suggest(counts, context).fab
    alternative = next(one for one in fab.alternatives if (one.setting, one.value) == (setting, value))

    assert fab.rule_id == default
    assert (alternative.fired[-1] if alternative.fired else "no-rule") == other
    assert alternative.differs == (default != other)


def test_fab_uses_the_other_reading_when_it_is_set() -> None:
    strict = ClassificationSettings(
        withhold_when_straddling=False,
        counting=DifferentialSettings(nec_mode=NecMode.STRICT),
        m3_numerator=M3Numerator.ABNORMAL_ONLY,
    )
    fab = _suggest(_marrow(erythroblast=500, myeloblast=140, lymphocyte=100), settings=strict).fab

    assert fab.rule_id == "F6"
    assert ("nec_mode", "erythroid_only") in [(one.setting, one.value) for one in fab.alternatives if one.differs]
    assert ("m3_numerator", "blasts_and_abnormal") in [(one.setting, one.value) for one in fab.alternatives]


def test_rules_are_asked_in_the_order_of_the_table() -> None:
    found = _suggest(_marrow())

    assert [rule.rule_id for rule in found.fab.trace] == [
        "F3", "F6", "F6n", "F0", "F7", "F5a", "F5b", "F4e", "F4", "F1", "F2", "F0m", "L",
        "S1-RAEB-t", "S1-CMML", "S1-RAEB", "S1-RARS", "S1-RA",
    ]  # fmt: skip
    for suggestion in found.each:
        assert all(rule.mark in ("V", "2nd", "K") and rule.source for rule in suggestion.trace)
