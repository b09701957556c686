"""Rule X1: why nothing is suggested, what would help, and which facts are missing."""

from collections.abc import Iterator, Sequence

from hemascope.hematology.classification.case import Case
from hemascope.hematology.classification.conditions import ConditionResult, Truth
from hemascope.hematology.classification.context import ClinicalContext
from hemascope.hematology.classification.rules import Decision, RuleResult
from hemascope.hematology.classification.straddles import Straddle
from hemascope.hematology.classification.suggestions import Withheld

X1 = "X1"


def reasons_against(case: Case, straddles: Sequence[Straddle], lacking: Sequence[str]) -> tuple[Withheld, ...]:
    """Gravest first; () where the ground is enough."""
    counted, context, settings = case.counted, case.context, case.settings
    unidentified = counted.unidentified.percent
    reasons = {
        Withheld.NO_CELLS: counted.denominator == 0,
        Withheld.TOO_FEW_CELLS: 0 < counted.denominator < case.required_cells,
        Withheld.MANY_UNIDENTIFIED: unidentified is not None
        and unidentified > settings.counting.max_unidentified_percent,
        Withheld.NOT_DERIVABLE: bool(lacking),
        Withheld.STRADDLE: bool(straddles) and settings.withhold_when_straddling,
        Withheld.UNREVIEWED: not context.reviewed if settings.require_review else context.reviewed is False,
        Withheld.HEMODILUTE: context.hemodilute is True,
        Withheld.OUT_OF_DISTRIBUTION: context.out_of_distribution is True,
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def more_cells(case: Case, straddles: Sequence[Straddle]) -> int | None:
    """Enough for every reason that counting can remove; None where there is none, or one that it cannot."""
    needed = [max(0, case.required_cells - case.counted.denominator)]
    for straddle in straddles:
        if straddle.more_cells is None:
            return None
        needed.append(straddle.more_cells)
    return max(needed) or None


def classes_lacking(decision: Decision) -> tuple[str, ...]:
    """Classes without which an open rule cannot be answered, in the order they are met."""
    open_ids = {rule.id for rule in (*decision.open_rules, *decision.open_further)}
    results = [result for rule in decision.asked if rule.rule_id in open_ids for result in _leaves(rule.conditions)]
    lacking = [name for result in results if result.truth is Truth.UNKNOWN for name in result.unknown_classes]
    return tuple(dict.fromkeys(lacking))


def missing_facts(decision: Decision, context: ClinicalContext) -> tuple[str, ...]:
    """What rules up to the hit asked for and nobody gave, then what would confirm the rule that fired."""
    concerned = {rule.id for rule in (*decision.open_rules, *decision.open_further, *decision.fired)}
    asked = [
        result.key
        for rule in decision.asked
        if rule.rule_id in concerned or _fails_only_by_assumption(rule)
        for result in _leaves(rule.conditions)
        if result.assumed or (result.truth is Truth.UNKNOWN and not result.unknown_classes)
    ]
    confirming = [key for rule in decision.fired for key in rule.supports if getattr(context, key) is None]
    return tuple(dict.fromkeys([*asked, *confirming]))


def _leaves(results: Sequence[ConditionResult]) -> Iterator[ConditionResult]:
    for result in results:
        yield from _leaves(result.any_of) if result.any_of else (result,)


def _fails_only_by_assumption(rule: RuleResult) -> bool:
    """The rule might hold if what was taken to be absent were there."""
    failed = [result for result in rule.conditions if result.truth is Truth.FAILED]
    return all(any(leaf.assumed for leaf in _leaves([result])) for result in failed)
