"""Cut-offs inside an exact interval that decide what a table says."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil

from pydantic import BaseModel, ConfigDict

from hemascope.hematology.classification.conditions import AnyOf, Condition, Facts, ShareCondition
from hemascope.hematology.classification.quantities import Measured, Quantity
from hemascope.hematology.classification.rules import Outcome, Rule, decide
from hemascope.hematology.differential import Specimen
from hemascope.hematology.intervals import Interval, clopper_pearson
from hemascope.hematology.planner import cells_needed

_MOVES_WITH = {Quantity.BLASTS_ANC: Quantity.BLASTS_NEC}  # the same cells, with erythroblasts as they are


class Straddle(BaseModel):
    """The interval of a share crosses a cut-off, and on its other side the table would say something else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantity: Quantity
    count: int
    of: int
    percent_low: float
    percent_high: float
    cutoff: int
    outcomes_across: tuple[Outcome, ...]  # what would be said beyond the cut-off; () for nothing
    more_in_denominator: int | None  # cells of this denominator that would settle it; None: counting cannot
    more_cells: int | None  # cells of the whole differential, in the same proportion


def find_straddles(table: Sequence[Rule], facts: Facts, confidence: float, counted: int) -> tuple[Straddle, ...]:
    """One share at a time is moved within its interval while the others stay; only the blasts of NEC follow those of
    ANC. `counted` are all cells so far.

    Cut-offs at zero ask for presence, not for a share, and cannot straddle. In blood only a cut-off that makes a rule
    fire or not fire counts: which rules stay open for want of a marrow is of no interest.
    """
    said = decide(table, facts)
    in_blood = facts.quantities.specimen is Specimen.PERIPHERAL_BLOOD
    found = []
    for quantity, cutoffs in _cutoffs_by_quantity(table).items():
        measured = facts.quantities.measure(quantity)
        if measured is None or measured.of == 0 or measured.high > measured.low:
            continue  # no cells, or not derivable: reasons of their own
        interval = clopper_pearson(measured.low, measured.of, confidence)
        own_cells = counted if _is_of_counted(quantity, facts) else None
        for cutoff in cutoffs:
            across = [
                decide(table, Facts(facts.quantities, facts.context, _supposed(quantity, measured, share, facts)))
                for share in _shares_across(measured, interval, cutoff, cutoffs)
            ]
            others = [
                other for other in across if other.answer != said.answer and (not in_blood or other.fired or said.fired)
            ]
            outcomes = [rule.outcome for other in others for rule in (*other.fired[-1:], *other.open_rules)]
            if others:
                found.append(_straddle(quantity, measured, interval, cutoff, outcomes, own_cells, confidence))
    return tuple(found)


def _cutoffs_by_quantity(table: Sequence[Rule]) -> dict[Quantity, list[int]]:
    found: dict[Quantity, set[int]] = {}
    for condition in _share_conditions(table):
        if condition.percent > 0:
            found.setdefault(condition.quantity, set()).add(condition.percent)
    return {quantity: sorted(found[quantity]) for quantity in Quantity if quantity in found}


def _share_conditions(table: Sequence[Rule]) -> Iterator[ShareCondition]:
    def inside(conditions: Sequence[Condition]) -> Iterator[ShareCondition]:
        for condition in conditions:
            if isinstance(condition, ShareCondition):
                yield condition
            elif isinstance(condition, AnyOf):
                yield from inside(condition.conditions)

    for rule in table:
        yield from inside(rule.conditions)
        yield from _share_conditions(rule.continues_in)


def _supposed(quantity: Quantity, measured: Measured, share: Fraction, facts: Facts) -> dict[Quantity, Fraction]:
    """The share, and what it makes of one with the same cells above another denominator."""
    partner = _MOVES_WITH.get(quantity)
    other = facts.quantities.measure(partner) if partner else None
    if partner is None or other is None or other.of == 0:
        return {quantity: share}
    return {quantity: share, partner: min(Fraction(1), share * measured.of / other.of)}


def _is_of_counted(quantity: Quantity, facts: Facts) -> bool:
    """Whether more cells of this count would make the share surer; other shares were given in the context."""
    if quantity is Quantity.BLOOD_BLASTS:
        return facts.quantities.specimen is Specimen.PERIPHERAL_BLOOD
    return quantity is not Quantity.RING_SIDEROBLASTS


def _shares_across(measured: Measured, interval: Interval, cutoff: int, cutoffs: Sequence[int]) -> Iterator[Fraction]:
    """Shares within the interval on and just beyond the cut-off, seen from the share as counted."""
    low, high, share = Fraction(interval.low), Fraction(interval.high), Fraction(cutoff, 100)
    if not low <= share <= high:
        return
    edges = {low, high, *(Fraction(other, 100) for other in cutoffs)}
    counted = measured.low_share
    if counted != share:
        yield share
    if counted >= share > low:
        yield (max(edge for edge in edges if edge < share) + share) / 2
    if counted <= share < high:
        yield (share + min(edge for edge in edges if edge > share)) / 2


def _straddle(
    quantity: Quantity,
    measured: Measured,
    interval: Interval,
    cutoff: int,
    outcomes: Sequence[Outcome],
    counted: int | None,
    confidence: float,
) -> Straddle:
    more = cells_needed(measured.low, measured.of, Fraction(cutoff, 100), confidence)
    return Straddle(
        quantity=quantity,
        count=measured.low,
        of=measured.of,
        percent_low=100 * interval.low,
        percent_high=100 * interval.high,
        cutoff=cutoff,
        outcomes_across=tuple(dict.fromkeys(outcomes)),
        more_in_denominator=more,
        more_cells=None if more is None or counted is None else ceil(Fraction(more * counted, measured.of)),
    )
