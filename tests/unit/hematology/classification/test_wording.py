import re
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.hematology.classification.conditions import FlagFact, NumberFact
from hemascope.hematology.classification.context import ClinicalContext, CountOf, Lesion, LymphoblastFeatures
from hemascope.hematology.classification.quantities import Quantity
from hemascope.hematology.classification.rules import Outcome, System
from hemascope.hematology.classification.suggest import suggest
from hemascope.hematology.classification.suggestions import Status, Withheld
from hemascope.hematology.classification.texts import TEXTS
from hemascope.hematology.classification.wording import WordedSuggestion, worded
from hemascope.hematology.differential import Specimen
from hemascope.hematology.settings import ClassificationSettings, DifferentialSettings
from hemascope.hematology.taxonomy import TAXONOMY, Language

MARROW = Specimen.BONE_MARROW


def _one(counts: dict[str, int], system: int = 0, language: Language = "en", **facts: object) -> WordedSuggestion:
    return worded(suggest(counts, MARROW, ClinicalContext.model_validate(facts)), language).systems[system]


@pytest.mark.parametrize(
    "keys",
    [
        Outcome, System, Quantity, Withheld, [status for status in Status if status is not Status.SUGGESTED],
        FlagFact.__args__, NumberFact.__args__,
    ],
)  # fmt: skip
def test_texts_know_every_key(keys: list[str]) -> None:
    assert {str(key) for key in keys} <= set(TEXTS)


@pytest.mark.parametrize("key", TEXTS)
def test_texts_have_the_same_places_in_both_languages(key: str) -> None:
    places = [sorted(name for _, name, _, _ in Formatter().parse(text) if name) for text in TEXTS[key]]

    assert places[0] == places[1]
    assert all(TEXTS[key])


def test_worded_gives_outcome_rule_and_numbers() -> None:
    fab = _one({"erythroblast": 650, "myeloblast": 140, "segmented_neutrophil": 210})

    assert fab.title == "FAB 1976/1985"
    assert fab.verdict == "AML M6 (erythroleukaemia) (rule F6)"
    rule = next(rule for rule in fab.trace if rule.rule_id == "F6")
    assert rule.conditions == (
        "erythroblasts of ANC >= 50 %: 650 of 1000 → met",
        "blasts of NEC >= 30 %: 140 of 350 → met",
    )
    assert rule.source.startswith("Source [V]: Blood 2010")


def test_worded_says_why_nothing_is_suggested_and_what_would_settle_it() -> None:
    fab = _one({"blast": 140, "segmented_neutrophil": 360})

    assert fab.verdict == "no suggestion (rule X1)"
    assert fab.lines[0] == "an interval crosses a cut-off that decides"
    assert fab.lines[1].startswith("blasts of ANC: 140 of 500, interval 24.1–32.2 %, crosses 30 %; beyond it: AML M2")
    assert re.fullmatch(r"Count \d+ more cells to settle it", fab.lines[2])


def test_worded_says_when_counting_cannot_settle_it() -> None:
    assert "More cells cannot settle it" in _one({"blast": 150, "segmented_neutrophil": 350}).lines


def test_worded_shows_the_reading_that_differs_where_sources_disagree() -> None:
    fab = _one({"myeloblast": 450, "myelocyte": 250, "monocyte": 300}, mpo_or_sbb_percent=50)

    assert fab.verdict == "AML M4 (myelomonocytic) (rule F4)"
    assert "Sources disagree. If M4 needs granulocytic cells of 30 % of NEC: no row" in fab.lines


def test_worded_names_the_classes_a_model_lacks() -> None:
    found = suggest({"segmented_neutrophil": 600}, MARROW, model_classes=["segmented_neutrophil"])

    line = worded(found, "zh").systems[0].lines[0]

    assert line.startswith("无法从本模型的类别得出；模型不识别：原始细胞、")


def test_worded_puts_an_urgent_alert_first() -> None:
    found = suggest({"faggot_cell": 2}, MARROW)

    assert worded(found, "en").urgent == (
        "URGENT: suspected acute promyelocytic leukaemia (2 abnormal promyelocytes or faggot cells). "
        "Inform the responsible physician at once."
    )
    assert "紧急" in (worded(found, "zh").urgent or "")


def test_worded_tells_facts_assumptions_and_unknowns_apart() -> None:
    counts = {"megakaryoblast": 400, "segmented_neutrophil": 600}
    trace = {rule.rule_id: rule.conditions for rule in _one(counts, auer_rods=True, lysozyme_times_normal=1.5).trace}

    assert trace["F7"][1] == "platelet peroxidase, CD41 or CD61: not given → open"
    assert "faggot cells, bilobed or hypergranular promyelocytes: not given, taken as not met" in trace["F3"][1]
    assert "serum lysozyme (times normal) >= 3: 1.5 → not met" in trace["F4"][3]
    assert trace["F0m"][3] == "lymphoid markers by flow cytometry = no: not given → open"


def test_worded_describes_lymphoblasts_without_suggesting() -> None:
    features = LymphoblastFeatures(
        high_nc_ratio=80, low_nc_ratio=0, small_or_no_nucleoli=80, prominent_nucleoli=0, irregular_membrane=0,
        large_cells=0, basophilic_and_vacuolated=False,
    )  # fmt: skip
    found = suggest({"lymphoblast": 900, "lymphocyte": 100}, MARROW, ClinicalContext(lymphoblasts=features))

    assert worded(found, "en").remarks == ("Lymphoblasts described as L1 (score +2); a description only",)


def test_worded_says_therapy_related() -> None:
    who = _one({"blast": 400, "segmented_neutrophil": 600}, system=1, prior_cytotoxic_therapy=True)

    assert "after cytotoxic therapy: therapy-related" in who.verdict


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(TAXONOMY)), st.integers(0, 300)),
    st.sampled_from(Specimen),
    st.sampled_from([None, ("segmented_neutrophil", "lymphocyte", "blast", "monocyte")]),
    st.booleans(),
)
def test_worded_finds_words_for_everything(
    counts: dict[str, int], specimen: Specimen, model_classes: tuple[str, ...] | None, is_gated: bool
) -> None:
    context = ClinicalContext(
        lesions=(Lesion.NPM1,), auer_rods=True, blood_blasts=CountOf(count=3, of=100), apl_morphology=False
    )
    gate = ClassificationSettings(
        withhold_when_straddling=is_gated,
        counting=DifferentialSettings(min_cells_marrow=0, recommended_cells_blood=0, max_unidentified_percent=100),
    )
    for language in ("en", "zh"):
        words = worded(suggest(counts, specimen, context, gate, model_classes=model_classes), language)
        assert len(words.systems) == 3
        assert words.disclaimer
        assert not re.search(r"\{\w*\}", "".join(line for one in words.systems for line in one.lines))
