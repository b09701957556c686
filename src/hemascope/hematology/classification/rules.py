"""What a row of a classification table is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

from hemascope.hematology.classification.conditions import (
    Condition,
    ConditionResult,
    Facts,
    Truth,
    all_of,
    run_condition,
)
from hemascope.hematology.settings import Ground


class System(StrEnum):
    FAB = "fab"
    WHO_2022 = "who2022"
    ICC_2022 = "icc2022"


class Outcome(StrEnum):
    """What a rule suggests; texts.py says it in words."""

    M0 = "fab-m0"
    M1 = "fab-m1"
    M2 = "fab-m2"
    M3 = "fab-m3"
    M4 = "fab-m4"
    M4EO = "fab-m4eo"
    M5A = "fab-m5a"
    M5B = "fab-m5b"
    M6 = "fab-m6"
    M7 = "fab-m7"
    FAB_ALL = "fab-all"
    FAB_NOT_AML = "fab-not-aml"
    FAB_MDS_NOT_AML = "fab-mds-not-aml"
    RA = "fab-ra"
    RARS = "fab-rars"
    RAEB = "fab-raeb"
    RAEB_T = "fab-raeb-t"
    FAB_CMML = "fab-cmml"
    WHO_AML_GENETIC = "who-aml-genetic"
    WHO_AML = "who-aml"
    WHO_AML_ERYTHROID = "who-aml-erythroid"
    WHO_LYMPHOBLASTIC = "who-lymphoblastic"
    WHO_MDS_TP53 = "who-mds-bitp53"
    WHO_MDS_F = "who-mds-f"
    WHO_MDS_IB2 = "who-mds-ib2"
    WHO_MDS_IB1 = "who-mds-ib1"
    WHO_MDS_5Q = "who-mds-5q"
    WHO_MDS_SF3B1 = "who-mds-sf3b1"
    WHO_MDS_LB = "who-mds-lb"
    ICC_AML_GENETIC = "icc-aml-genetic"
    ICC_AML_TP53 = "icc-aml-tp53"
    ICC_AML = "icc-aml"
    ICC_ERYTHROID = "icc-erythroid"
    ICC_LYMPHOBLASTIC = "icc-lymphoblastic"
    ICC_MDS_AML_TP53 = "icc-mds-aml-tp53"
    ICC_MDS_AML = "icc-mds-aml"
    ICC_MDS_EB = "icc-mds-eb"
    ICC_MDS_5Q = "icc-mds-5q"
    ICC_MDS_SF3B1 = "icc-mds-sf3b1"
    ICC_MDS_NOS = "icc-mds-nos"
    NOTE_FORMER_M6 = "note-former-m6"
    NOTE_WHO_IB2 = "note-who-ib2"


@dataclass(frozen=True, slots=True)
class Rule:
    """All conditions must be met. `supports` are facts that confirm the outcome but do not decide it here."""

    id: str
    outcome: Outcome
    conditions: tuple[Condition, ...]
    ground: Ground
    supports: tuple[str, ...] = ()  # keys of texts.py
    continues_in: "tuple[Rule, ...]" = ()  # the table that says more once this rule has fired


RuleTable: TypeAlias = tuple[Rule, ...]
"""Rules in the order they are asked; the first that holds fires."""


class RuleResult(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rule_id: str
    outcome: Outcome
    truth: Truth
    conditions: tuple[ConditionResult, ...]
    mark: str
    source: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a table says of a case.

    `fired` goes from general to special (F0, then a row of the MDS table). `open_rules` stand before the first hit and
    may hold too; `open_further` stand in the table where the last fired rule continues.
    """

    fired: tuple[Rule, ...]
    open_rules: tuple[Rule, ...]
    open_further: tuple[Rule, ...]
    asked: tuple[RuleResult, ...]  # up to the hit
    trace: tuple[RuleResult, ...]  # every rule

    @property
    def answer(self) -> tuple[tuple[str, ...], ...]:
        """What two decisions share when they say the same."""
        return tuple(tuple(rule.id for rule in rules) for rules in (self.fired, self.open_rules, self.open_further))


def run_rule(rule: Rule, facts: Facts) -> RuleResult:
    results = tuple(run_condition(condition, facts) for condition in rule.conditions)
    return RuleResult(
        rule_id=rule.id,
        outcome=rule.outcome,
        truth=all_of(result.truth for result in results),
        conditions=results,
        mark=rule.ground.mark,
        source=rule.ground.source,
    )


def decide(table: Sequence[Rule], facts: Facts) -> Decision:
    """First hit wins, and every rule stays in the trace; a rule nobody can answer before the hit leaves it open."""
    trace = tuple(run_rule(rule, facts) for rule in table)
    open_rules: list[Rule] = []
    for position, (rule, result) in enumerate(zip(table, trace, strict=True), start=1):
        if result.truth is Truth.UNKNOWN:
            open_rules.append(rule)
        elif result.truth is Truth.MET:
            return _with_continuation(rule, tuple(open_rules), trace, position, facts)
    return Decision((), tuple(open_rules), (), trace, trace)


def _with_continuation(
    hit: Rule, open_rules: tuple[Rule, ...], trace: tuple[RuleResult, ...], position: int, facts: Facts
) -> Decision:
    further = decide(hit.continues_in, facts)
    asked, whole = (*trace[:position], *further.asked), (*trace, *further.trace)
    if further.open_rules:  # whatever fired after them is one of several that may hold
        return Decision((hit,), open_rules, (*further.open_rules, *further.fired[-1:]), asked, whole)
    return Decision((hit, *further.fired), open_rules, (), asked, whole)
