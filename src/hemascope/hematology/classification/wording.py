"""Suggestions as sentences of one language, ready to be laid out by a terminal or a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hemascope.hematology.classification.conditions import ConditionResult, Truth
from hemascope.hematology.classification.fab_all import LymphoblastDescription
from hemascope.hematology.classification.quantities import Quantity
from hemascope.hematology.classification.rules import Outcome, RuleResult
from hemascope.hematology.classification.straddles import Straddle
from hemascope.hematology.classification.suggestions import (
    Alternative,
    AplAlert,
    AplGround,
    Suggestion,
    Suggestions,
    Withheld,
)
from hemascope.hematology.classification.texts import say
from hemascope.hematology.taxonomy import Language, cell_class

_APL_TEXTS = {AplGround.CELLS: "apl_cells", AplGround.MORPHOLOGY: "apl_morphology_seen", AplGround.FUSION: "apl_fusion"}
_SETTLED_BY_COUNTING = frozenset({Withheld.NO_CELLS, Withheld.TOO_FEW_CELLS, Withheld.STRADDLE})
_IN_BLOOD = (Quantity.BLOOD_BLASTS, Quantity.RING_SIDEROBLASTS)


@dataclass(frozen=True, slots=True)
class WordedRule:
    rule_id: str
    outcome: str
    answer: str  # met, not met, open
    truth: Truth
    conditions: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class WordedSuggestion:
    title: str
    verdict: str
    lines: tuple[str, ...]  # reasons, what would help, what is missing, where sources disagree
    trace: tuple[WordedRule, ...]


@dataclass(frozen=True, slots=True)
class WordedSuggestions:
    heading: str
    urgent: str | None
    systems: tuple[WordedSuggestion, ...]
    remarks: tuple[str, ...]
    trace_heading: str
    disclaimer: str


def worded(suggestions: Suggestions, language: Language) -> WordedSuggestions:
    described = suggestions.lymphoblasts
    return WordedSuggestions(
        heading=say("suggestion", language),
        urgent=_urgent(suggestions.urgent_apl, language) if suggestions.urgent_apl else None,
        systems=tuple(_worded_one(one, suggestions, language) for one in suggestions.each),
        remarks=(_described(described, language),) if described else (),
        trace_heading=say("trace", language),
        disclaimer=say("disclaimer", language),
    )


def _described(description: LymphoblastDescription, language: Language) -> str:
    return say("lymphoblast_type", language, type=description.type, score=description.score)


def _urgent(alert: AplAlert, language: Language) -> str:
    grounds = (say(_APL_TEXTS[ground], language, cells=alert.cells) for ground in alert.grounds)
    return say("apl", language, grounds=_join(grounds, language))


def _join(parts: Iterable[str], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(parts)


def _worded_one(one: Suggestion, suggestions: Suggestions, language: Language) -> WordedSuggestion:
    return WordedSuggestion(
        title=say(one.system, language),
        verdict=_verdict(one, language),
        lines=(
            *(_reason(reason, one, suggestions, language) for reason in one.withheld),
            *(_straddle_line(straddle, language) for straddle in one.straddles),
            *_settling_lines(one, language),
            *_further_lines(one, language),
            *_alternative_lines(one.alternatives, language),
        ),
        trace=tuple(_worded_rule(rule, language) for rule in one.trace),
    )


def _verdict(one: Suggestion, language: Language) -> str:
    if one.outcome is None:
        return say(one.status, language)
    outcome = say(one.outcome, language)
    if one.therapy_related:
        outcome = f"{outcome}; {say('therapy', language)}"
    return say("suggested", language, outcome=outcome, rule=" → ".join(one.fired))


def _reason(reason: Withheld, one: Suggestion, suggestions: Suggestions, language: Language) -> str:
    classes = _join((cell_class(class_id).name(language) for class_id in one.not_derivable_from), language)
    counted, required = suggestions.counted_cells, suggestions.required_cells
    return say(reason, language, n=counted, required=required, classes=classes)


def _straddle_line(straddle: Straddle, language: Language) -> str:
    return say(
        "straddle_line",
        language,
        quantity=say(straddle.quantity, language),
        count=straddle.count,
        of=straddle.of,
        low=straddle.percent_low,
        high=straddle.percent_high,
        cutoff=straddle.cutoff,
        across=_outcomes(straddle.outcomes_across, language),
    )


def _settling_lines(one: Suggestion, language: Language) -> tuple[str, ...]:
    if one.more_cells is not None:
        is_enough = _SETTLED_BY_COUNTING.issuperset(one.withheld)
        return (say("more_cells" if is_enough else "more_cells_too", language, n=one.more_cells),)
    return (say("not_by_counting", language),) if one.straddles else ()


def _further_lines(one: Suggestion, language: Language) -> tuple[str, ...]:
    lines = [say(note, language) for note in one.notes]
    if one.candidates:
        lines.append(say("candidates", language, outcomes=_outcomes(one.candidates, language)))
    if one.missing:
        keys = dict.fromkeys(_fact_key(key) for key in one.missing)
        lines.append(say("missing", language, facts=_join((say(key, language) for key in keys), language)))
    return tuple(lines)


def _fact_key(key: str) -> str:
    """All shares of a marrow that was not counted are one missing fact."""
    return "marrow" if key in tuple(Quantity) and key not in _IN_BLOOD else key


def _alternative_lines(alternatives: Sequence[Alternative], language: Language) -> tuple[str, ...]:
    same = sum(not alternative.differs for alternative in alternatives)
    lines = [_alternative_line(alternative, language) for alternative in alternatives if alternative.differs]
    return (*lines, say("alternatives_same", language, n=same)) if same else tuple(lines)


def _alternative_line(alternative: Alternative, language: Language) -> str:
    value = say(f"value_{alternative.value}", language)
    setting = say(alternative.setting, language, value=value)
    outcomes = (alternative.outcome,) if alternative.outcome else alternative.candidates
    return say("alternative", language, setting=setting, outcome=_outcomes(outcomes, language))


def _outcomes(outcomes: Sequence[Outcome], language: Language) -> str:
    return "; ".join(say(outcome, language) for outcome in outcomes) or say("nothing", language)


def _worded_rule(rule: RuleResult, language: Language) -> WordedRule:
    return WordedRule(
        rule_id=rule.rule_id,
        outcome=say(rule.outcome, language),
        answer=say(rule.truth, language),
        truth=rule.truth,
        conditions=tuple(_worded_condition(result, language) for result in rule.conditions),
        source=say("source", language, mark=rule.mark, source=rule.source),
    )


def _worded_condition(result: ConditionResult, language: Language) -> str:
    if result.any_of:
        inner = " | ".join(_worded_condition(part, language) for part in result.any_of)
        return f"{say('any_of', language)} [{inner}] → {say(result.truth, language)}"
    return f"{_asked(result, language)}: {_found(result, language)}"


def _asked(result: ConditionResult, language: Language) -> str:
    if result.key == "lesions":
        return say("lesions_any", language, lesions=_join(result.lesions, language))
    what = say(result.key, language)
    if result.relation is None:
        return what if result.expected else f"{what} = {say('no', language)}"
    unit = " %" if result.key in tuple(Quantity) else ""
    return f"{what} {result.relation} {result.cutoff}{unit}"


def worded_question(result: ConditionResult, language: Language) -> str:
    """What a condition asks, without how it came out."""
    if result.any_of:
        inner = " | ".join(worded_question(part, language) for part in result.any_of)
        return f"{say('any_of', language)} [{inner}]"
    return _asked(result, language)


def _found(result: ConditionResult, language: Language) -> str:
    truth = say(result.truth, language)
    if result.assumed:
        return say("assumed", language, truth=truth)
    value = _value(result, language)
    return value if value == truth else f"{value} → {truth}"


def _value(result: ConditionResult, language: Language) -> str:
    if result.count_high is not None and result.count is not None and result.of is not None:
        classes = _join((cell_class(class_id).name(language) for class_id in result.unknown_classes), language)
        return say("between", language, count=result.count, high=result.count_high, of=result.of, classes=classes)
    if result.count is not None and result.of is not None:
        return say("of", language, count=result.count, of=result.of)
    if isinstance(result.value, bool):
        return say("yes" if result.value else "no", language)
    if result.value is not None:
        return f"{result.value:g}"
    return say(result.truth, language) if result.truth is not Truth.UNKNOWN else say("not_given", language)
