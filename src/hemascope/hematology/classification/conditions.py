"""One line of a rule: something compared with a cut-off, or a fact; its answer may be that nobody knows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from hemascope.hematology.classification.context import ClinicalContext, Lesion
from hemascope.hematology.classification.quantities import Quantities, Quantity


class Truth(StrEnum):
    MET = "met"
    FAILED = "failed"
    UNKNOWN = "unknown"


Relation: TypeAlias = Literal[">=", ">", "<=", "<"]
NumberFact: TypeAlias = Literal[
    "mpo_or_sbb_percent", "myeloid_antigen_percent", "lysozyme_times_normal", "blood_monocytes_e9_per_l"
]
FlagFact: TypeAlias = Literal[
    "lymphoid_markers", "platelet_markers", "auer_rods", "apl_morphology", "cytopenia", "dysplasia", "fibrosis"
]


@dataclass(frozen=True, slots=True)
class ShareCondition:
    """A share of counted cells against a cut-off in per cent; `if_unknown` is what the rule takes when nobody knows."""

    quantity: Quantity
    relation: Relation
    percent: int
    if_unknown: Truth = Truth.UNKNOWN


@dataclass(frozen=True, slots=True)
class NumberCondition:
    """A number of the context against a limit, in the unit its name says."""

    fact: NumberFact
    relation: Relation
    limit: int
    if_unknown: Truth = Truth.UNKNOWN


@dataclass(frozen=True, slots=True)
class FlagCondition:
    fact: FlagFact
    expected: bool = True
    if_unknown: Truth = Truth.UNKNOWN


@dataclass(frozen=True, slots=True)
class LesionCondition:
    """At least one of the lesions was found."""

    lesions: tuple[Lesion, ...]
    if_unknown: Truth = Truth.FAILED


@dataclass(frozen=True, slots=True)
class AnyOf:
    conditions: "tuple[Condition, ...]"


Condition: TypeAlias = ShareCondition | NumberCondition | FlagCondition | LesionCondition | AnyOf


class ConditionResult(BaseModel):
    """How a condition came out, with the counts it saw; `key` names the quantity or fact, or is "any_of"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    truth: Truth
    assumed: bool = False  # nobody knows; `truth` is what the rule takes then
    relation: Relation | None = None
    cutoff: int | None = None
    expected: bool | None = None
    count: int | None = None  # numerator and denominator of a share, never rounded
    of: int | None = None
    count_high: int | None = None  # where the model cannot tell: the numerator lies between count and this
    value: float | bool | None = None  # a fact of the context
    lesions: tuple[Lesion, ...] = ()
    unknown_classes: tuple[str, ...] = ()
    any_of: "tuple[ConditionResult, ...]" = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions look at. `supposed` replaces shares, to see what would follow if they were so."""

    quantities: Quantities
    context: ClinicalContext
    supposed: Mapping[Quantity, Fraction] = field(default_factory=dict)


def run_condition(condition: Condition, facts: Facts) -> ConditionResult:
    match condition:
        case ShareCondition():
            return _share_result(condition, facts)
        case NumberCondition(fact, relation, limit, if_unknown):
            value: float | None = getattr(facts.context, fact)
            known = None if value is None else compare(Fraction(value), relation, Fraction(limit))
            truth, assumed = _settle(known, if_unknown)
            return ConditionResult(key=fact, truth=truth, assumed=assumed, relation=relation, cutoff=limit, value=value)
        case FlagCondition(fact, expected, if_unknown):
            flag: bool | None = getattr(facts.context, fact)
            truth, assumed = _settle(None if flag is None else flag is expected, if_unknown)
            return ConditionResult(key=fact, truth=truth, assumed=assumed, expected=expected, value=flag)
        case LesionCondition(lesions, if_unknown):
            found = facts.context.lesions
            truth, assumed = _settle(None if found is None else not set(found).isdisjoint(lesions), if_unknown)
            return ConditionResult(key="lesions", truth=truth, assumed=assumed, lesions=lesions)
        case AnyOf(conditions):
            results = tuple(run_condition(inner, facts) for inner in conditions)
            return ConditionResult(key="any_of", truth=_any(result.truth for result in results), any_of=results)


def all_of(truths: Iterable[Truth]) -> Truth:
    """FAILED where one failed, else UNKNOWN where one is, else MET."""
    truths = set(truths)
    return next((truth for truth in (Truth.FAILED, Truth.UNKNOWN) if truth in truths), Truth.MET)


def _any(truths: Iterable[Truth]) -> Truth:
    truths = set(truths)
    return next((truth for truth in (Truth.MET, Truth.UNKNOWN) if truth in truths), Truth.FAILED)


def compare(value: Fraction, relation: Relation, cutoff: Fraction) -> bool:
    """Exact: both sides are fractions, so 20 % of 500 is 100 cells and 99 are fewer."""
    match relation:
        case ">=":
            return value >= cutoff
        case ">":
            return value > cutoff
        case "<=":
            return value <= cutoff
        case "<":
            return value < cutoff


def _settle(known: bool | None, if_unknown: Truth) -> tuple[Truth, bool]:
    """Truth, and whether it is only assumed."""
    if known is None:
        return if_unknown, if_unknown is not Truth.UNKNOWN
    return (Truth.MET if known else Truth.FAILED), False


def _share_result(condition: ShareCondition, facts: Facts) -> ConditionResult:
    measured = facts.quantities.measure(condition.quantity)
    known = None
    if measured:
        supposed = facts.supposed.get(condition.quantity)
        low, high = (measured.low_share, measured.high_share) if supposed is None else (supposed, supposed)
        cutoff = Fraction(condition.percent, 100)
        answers = {compare(share, condition.relation, cutoff) for share in (low, high)}
        known = answers.pop() if len(answers) == 1 else None
    # What the model cannot tell is never assumed; only a count nobody gave may be.
    truth, assumed = _settle(known, Truth.UNKNOWN if measured else condition.if_unknown)
    return ConditionResult(
        key=condition.quantity,
        truth=truth,
        assumed=assumed,
        relation=condition.relation,
        cutoff=condition.percent,
        count=measured.low if measured else None,
        of=measured.of if measured else None,
        count_high=measured.high if measured and measured.high > measured.low else None,
        unknown_classes=measured.unknown_classes if measured else (),
    )
