"""The gate X1, what a model cannot know, what is missing, and properties that hold for any counts."""

import random
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.errors import CountsError
from hemascope.hematology.classification.context import ClinicalContext, CountOf, Lesion
from hemascope.hematology.classification.quantities import Quantity
from hemascope.hematology.classification.rules import Outcome
from hemascope.hematology.classification.suggest import suggest
from hemascope.hematology.classification.suggestions import AplGround, Status, Suggestions, Withheld
from hemascope.hematology.differential import Specimen
from hemascope.hematology.settings import ClassificationSettings, DifferentialSettings
from hemascope.hematology.taxonomy import TAXONOMY

MARROW, BLOOD = Specimen.BONE_MARROW, Specimen.PERIPHERAL_BLOOD
C = ClinicalContext
PBC_11 = (
    "basophil", "eosinophil", "erythroblast", "metamyelocyte", "myelocyte", "promyelocyte", "lymphocyte", "monocyte",
    "band_neutrophil", "segmented_neutrophil", "platelet",
)  # fmt: skip
MARROW_21 = (*PBC_11, "blast", "faggot_cell", "immature_lymphocyte", "hairy_cell", "plasma_cell", "proerythroblast",
             "abnormal_eosinophil", "smudge_cell", "artefact", "unidentified", "other_cell")  # fmt: skip
CLEAR = {"erythroblast": 200, "myeloblast": 400, "segmented_neutrophil": 400}  # far from every cut-off but none of M2's

any_counts = st.dictionaries(st.sampled_from(sorted(TAXONOMY)), st.integers(0, 400))
specimens = st.sampled_from(Specimen)
contexts = st.builds(
    ClinicalContext,
    mpo_or_sbb_percent=st.none() | st.sampled_from([0.0, 3.0, 80.0]),
    auer_rods=st.none() | st.booleans(),
    lesions=st.none() | st.lists(st.sampled_from(Lesion), max_size=2).map(tuple),
    blood_blasts=st.none() | st.integers(0, 200).map(lambda count: CountOf(count=count, of=200)),
    dysplasia=st.none() | st.booleans(),
    reviewed=st.none() | st.booleans(),
)


def _withheld(found: Suggestions) -> list[tuple[Withheld, ...]]:
    return [one.withheld for one in found.each]


@pytest.mark.parametrize(
    ("counts", "context", "reasons"),
    [
        ({}, C(), (Withheld.NO_CELLS,)),
        ({"megakaryocyte": 5}, C(), (Withheld.NO_CELLS,)),
        ({"segmented_neutrophil": 1}, C(), (Withheld.TOO_FEW_CELLS, Withheld.STRADDLE)),
        ({"segmented_neutrophil": 499}, C(), (Withheld.TOO_FEW_CELLS,)),
        ({"segmented_neutrophil": 500}, C(), ()),
        ({"segmented_neutrophil": 900, "unidentified": 100}, C(), ()),  # exactly 10 %
        ({"segmented_neutrophil": 899, "unidentified": 101}, C(), (Withheld.MANY_UNIDENTIFIED,)),
        ({"segmented_neutrophil": 500}, C(reviewed=False), (Withheld.UNREVIEWED,)),
        ({"segmented_neutrophil": 500}, C(reviewed=True), ()),
        ({"segmented_neutrophil": 500}, C(hemodilute=True), (Withheld.HEMODILUTE,)),
        ({"segmented_neutrophil": 500}, C(hemodilute=False, out_of_distribution=False), ()),
        ({"segmented_neutrophil": 500}, C(out_of_distribution=True), (Withheld.OUT_OF_DISTRIBUTION,)),
        ({"unidentified": 9}, C(reviewed=False), (Withheld.NO_CELLS, Withheld.MANY_UNIDENTIFIED, Withheld.UNREVIEWED)),
    ],
)
def test_suggest_withholds_every_system_for_a_reason_in_the_count(
    counts: dict[str, int], context: ClinicalContext, reasons: tuple[Withheld, ...]
) -> None:
    found = suggest(counts, MARROW, context)

    assert _withheld(found) == [reasons] * 3
    for one in found.each:
        assert (one.rule_id == "X1") == bool(reasons) == (one.status is Status.WITHHELD)
        assert one.outcome is None or not reasons
        assert one.trace  # what the rules made of the counts stays readable


def test_suggest_needs_200_cells_in_blood() -> None:
    few, enough = ({"blast": 100, "segmented_neutrophil": n} for n in (99, 100))

    assert suggest(few, BLOOD).who2022.withheld == (Withheld.TOO_FEW_CELLS,)
    assert suggest(few, BLOOD).who2022.more_cells == 1
    assert suggest(enough, BLOOD).who2022.outcome is Outcome.WHO_AML


def test_suggest_needs_a_word_of_review_when_that_is_required() -> None:
    strict = ClassificationSettings(require_review=True)

    assert suggest(CLEAR, MARROW, settings=strict).fab.withheld == (Withheld.UNREVIEWED,)
    assert suggest(CLEAR, MARROW, C(reviewed=True), strict).fab.withheld == ()


@pytest.mark.parametrize(("blasts", "is_withheld"), [(116, True), (118, True), (119, False), (83, True), (82, False)])
def test_suggest_withholds_exactly_while_the_interval_holds_the_cutoff(blasts: int, is_withheld: bool) -> None:
    # 20 % of 500: the limits of 82 end below 20 %, those of 119 begin above it.
    who = suggest({"blast": blasts, "segmented_neutrophil": 500 - blasts}, MARROW).who2022

    assert (who.withheld == (Withheld.STRADDLE,)) == is_withheld
    assert bool(who.straddles) == is_withheld


def test_suggest_says_what_lies_across_the_cutoff_and_how_many_more_cells_settle_it() -> None:
    who = suggest({"blast": 130, "segmented_neutrophil": 370, "erythroblast": 100}, MARROW).who2022
    straddle = who.straddles[0]

    assert (straddle.quantity, straddle.count, straddle.of, straddle.cutoff) == (Quantity.BLASTS_ANC, 130, 600, 20)
    assert straddle.outcomes_across == (Outcome.WHO_MDS_IB2,)
    assert who.more_cells == straddle.more_cells == straddle.more_in_denominator
    more = who.more_cells
    assert more is not None
    counted_on = {"blast": 130 * (600 + more) // 600}
    counted_on["segmented_neutrophil"] = 600 + more - counted_on["blast"]
    assert suggest(counted_on, MARROW).who2022.outcome is Outcome.WHO_AML


def test_suggest_scales_cells_of_nec_to_cells_of_the_whole_count() -> None:
    fab = suggest({"erythroblast": 600, "myeloblast": 130, "segmented_neutrophil": 270}, MARROW).fab
    straddle = fab.straddles[0]

    assert (straddle.quantity, straddle.of, straddle.cutoff) == (Quantity.BLASTS_NEC, 400, 30)
    assert straddle.more_in_denominator is not None
    assert straddle.more_cells == ceil(straddle.more_in_denominator * 1000 / 400)


def test_suggest_cannot_settle_by_counting_what_lies_on_the_cutoff() -> None:
    fab = suggest({"blast": 300, "segmented_neutrophil": 700}, MARROW).fab

    assert fab.withheld == (Withheld.STRADDLE,)
    assert fab.more_cells is None
    assert fab.straddles[0].outcomes_across == (Outcome.RAEB_T,)


def test_suggest_only_alerts_when_straddling_does_not_withhold() -> None:
    alert = ClassificationSettings(withhold_when_straddling=False)
    fab = suggest({"blast": 300, "segmented_neutrophil": 700}, MARROW, settings=alert).fab

    assert fab.outcome is Outcome.M2
    assert fab.straddles


def test_suggest_ignores_a_straddled_cutoff_that_decides_nothing() -> None:
    # 50 % erythroblasts are straddled, but with a defining fusion WHO does not ask for them.
    counts = {"erythroblast": 500, "segmented_neutrophil": 500}

    assert suggest(counts, MARROW, C(lesions=(Lesion.NPM1,))).who2022.straddles == ()


def test_suggest_straddles_on_shares_of_the_context_but_asks_for_no_marrow_cells_for_them() -> None:
    context = C(cytopenia=True, dysplasia=True, blood_blasts=CountOf(count=4, of=200))
    who = suggest({"blast": 5, "segmented_neutrophil": 995}, MARROW, context).who2022
    straddle = next(one for one in who.straddles if one.quantity is Quantity.BLOOD_BLASTS)

    assert straddle.more_cells is None


@pytest.mark.parametrize("specimen", Specimen)
def test_suggest_says_not_derivable_for_a_model_that_knows_no_blasts(specimen: Specimen) -> None:
    found = suggest({"segmented_neutrophil": 700, "lymphocyte": 300}, specimen, model_classes=PBC_11)

    assert (found.fab.status is Status.NOT_APPLICABLE) == (specimen is BLOOD)
    for one in found.each if specimen is MARROW else found.each[1:]:
        assert one.withheld == (Withheld.NOT_DERIVABLE,)
        assert "blast" in one.not_derivable_from
        assert one.more_cells is None


def test_suggest_cannot_tell_aml_from_all_for_a_model_that_knows_only_blasts() -> None:
    counts = {"blast": 600, "segmented_neutrophil": 250, "lymphocyte": 150}
    alone = suggest(counts, MARROW, model_classes=MARROW_21)
    with_mpo = suggest(counts, MARROW, C(mpo_or_sbb_percent=60), model_classes=MARROW_21)
    by_hand = suggest(counts, MARROW)

    assert alone.who2022.not_derivable_from == ("lymphoblast",)
    assert with_mpo.who2022.outcome is Outcome.WHO_AML
    assert by_hand.who2022.outcome is Outcome.WHO_AML
    # M4, M5 and M7 need monoblasts, promonocytes and megakaryoblasts, which no public set has.
    assert {"monoblast", "promonocyte", "megakaryoblast"} <= set(with_mpo.fab.not_derivable_from)


def test_suggest_derives_what_a_model_can_know() -> None:
    normal = {"blast": 5, "segmented_neutrophil": 600, "erythroblast": 250, "lymphocyte": 145}

    assert suggest(normal, MARROW, model_classes=MARROW_21).fab.fired == ("F0",)


def test_suggest_takes_a_reviewed_count_as_a_persons() -> None:
    normal = {"segmented_neutrophil": 750, "erythroblast": 250}

    assert suggest(normal, MARROW, C(reviewed=True), model_classes=PBC_11).fab.outcome is Outcome.FAB_NOT_AML


@pytest.mark.parametrize("specimen", Specimen)
@pytest.mark.parametrize(
    ("counts", "context", "grounds"),
    [
        ({"faggot_cell": 1}, C(), (AplGround.CELLS,)),
        ({"abnormal_promyelocyte": 1, "segmented_neutrophil": 999}, C(reviewed=False), (AplGround.CELLS,)),
        ({}, C(apl_morphology=True), (AplGround.MORPHOLOGY,)),
        ({}, C(lesions=(Lesion.PML_RARA,)), (AplGround.FUSION,)),
        ({"promyelocyte": 300, "myeloblast": 300}, C(apl_morphology=False, lesions=()), ()),
    ],
)
def test_suggest_alerts_for_apl_whatever_the_percentage_and_whatever_x1_says(
    specimen: Specimen, counts: dict[str, int], context: ClinicalContext, grounds: tuple[AplGround, ...]
) -> None:
    alert = suggest(counts, specimen, context).urgent_apl

    assert (alert.grounds if alert else ()) == grounds


def test_suggest_in_blood_leaves_fab_out_and_needs_marrow_unless_blasts_decide() -> None:
    healthy = suggest({"segmented_neutrophil": 400}, BLOOD)
    leukaemic = suggest({"myeloblast": 200, "segmented_neutrophil": 200}, BLOOD)

    assert [one.status for one in healthy.each] == [Status.NOT_APPLICABLE] * 3
    assert [one.status for one in leukaemic.each] == [Status.NOT_APPLICABLE, Status.SUGGESTED, Status.SUGGESTED]
    assert leukaemic.who2022.missing[:2] == ("lesions", "blasts_of_anc")


def test_suggest_in_blood_straddles_only_where_blasts_of_blood_would_decide() -> None:
    few, near = ({"blast": n, "segmented_neutrophil": 200 - n} for n in (1, 36))

    assert suggest(few, BLOOD).who2022.status is Status.NOT_APPLICABLE
    assert suggest(near, BLOOD).who2022.straddles[0].outcomes_across == (Outcome.WHO_AML,)
    assert suggest(near, BLOOD).who2022.more_cells == suggest(near, BLOOD).who2022.straddles[0].more_in_denominator


def test_suggest_lists_the_facts_that_could_change_or_confirm_it() -> None:
    found = suggest({"myeloblast": 500, "myelocyte": 350, "erythroblast": 150}, MARROW)

    assert found.fab.missing == (
        "apl_morphology", "blood_monocytes_e9_per_l", "lysozyme_times_normal", "mpo_or_sbb_percent", "lesions",
    )  # fmt: skip
    assert found.who2022.missing == ("lesions", "blood_blasts", "mpo_or_sbb_percent")


def test_suggest_names_what_may_hold_when_a_deciding_fact_is_missing() -> None:
    fab = suggest({"myeloblast": 970, "segmented_neutrophil": 30}, MARROW).fab

    assert fab.status is Status.OPEN
    assert fab.candidates == (Outcome.M1, Outcome.M0)
    assert {"mpo_or_sbb_percent", "myeloid_antigen_percent", "lymphoid_markers"} <= set(fab.missing)


def test_suggest_marks_therapy_related_cases() -> None:
    found = suggest(CLEAR, MARROW, C(prior_cytotoxic_therapy=True))

    assert found.who2022.therapy_related
    assert not suggest(CLEAR, MARROW).who2022.therapy_related


def test_suggest_names_the_class_when_a_count_is_wrong() -> None:
    with pytest.raises(CountsError, match="unknown class 'blasts'"):
        suggest({"blasts": 3}, MARROW)


@settings(max_examples=40, deadline=None)
@given(any_counts, specimens, contexts, st.randoms(use_true_random=False))
def test_suggest_does_not_depend_on_class_order_or_on_classes_without_cells(
    counts: dict[str, int], specimen: Specimen, context: ClinicalContext, shuffler: random.Random
) -> None:
    items = list((dict.fromkeys(TAXONOMY, 0) | counts).items())
    shuffler.shuffle(items)

    assert suggest(dict(items), specimen, context) == suggest(counts, specimen, context)


@settings(max_examples=40, deadline=None)
@given(any_counts, specimens, contexts)
def test_suggest_always_gives_grounds_and_survives_json(
    counts: dict[str, int], specimen: Specimen, context: ClinicalContext
) -> None:
    found = suggest(counts, specimen, context, model_classes=MARROW_21)

    assert Suggestions.model_validate_json(found.model_dump_json(by_alias=True)) == found
    for one in found.each:
        assert (one.outcome is not None) == (one.status is Status.SUGGESTED)
        assert bool(one.withheld) == (one.status is Status.WITHHELD)
        fired = [rule for rule in one.trace if rule.rule_id in one.fired]
        assert len(fired) == len(one.fired)
        assert all(rule.truth == "met" for rule in fired)
        if one.fired and one.fired[0] == one.trace[0].rule_id:
            assert one.status is Status.SUGGESTED


@settings(max_examples=30, deadline=None)
@given(any_counts, contexts, st.integers(2, 5))
def test_suggest_says_the_same_of_the_same_smear_counted_several_times_without_the_gate(
    counts: dict[str, int], context: ClinicalContext, times: int
) -> None:
    bare = ClassificationSettings(
        withhold_when_straddling=False, counting=DifferentialSettings(min_cells_marrow=0, max_unidentified_percent=100)
    )
    once = suggest(counts, MARROW, context, bare)
    again = suggest({class_id: times * count for class_id, count in counts.items()}, MARROW, context, bare)

    assert [one.fired for one in once.each] == [one.fired for one in again.each]
