"""`suggest`: FAB, WHO 2022 and ICC 2022 side by side on the same counts, each with its grounds.

Everything here is a suggestion for a qualified person. Nothing is suggested where the ground is missing (rule X1).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from hemascope.hematology.classification.case import Case
from hemascope.hematology.classification.conditions import Facts, Truth
from hemascope.hematology.classification.context import ClinicalContext, Lesion
from hemascope.hematology.classification.disputes import DISPUTES
from hemascope.hematology.classification.fab import fab_rules
from hemascope.hematology.classification.fab_all import describe_lymphoblasts
from hemascope.hematology.classification.grounds import X1, classes_lacking, missing_facts, more_cells, reasons_against
from hemascope.hematology.classification.icc2022 import ICC_2022_NOTES, ICC_2022_RULES
from hemascope.hematology.classification.quantities import ABNORMAL_PROMYELOCYTES
from hemascope.hematology.classification.rules import Decision, Outcome, RuleTable, System, decide, run_rule
from hemascope.hematology.classification.straddles import Straddle, find_straddles
from hemascope.hematology.classification.suggestions import (
    Alternative,
    AplAlert,
    AplGround,
    Status,
    Suggestion,
    Suggestions,
)
from hemascope.hematology.classification.who2022 import WHO_2022_NOTES, WHO_2022_RULES
from hemascope.hematology.differential import Specimen, differential
from hemascope.hematology.settings import ClassificationSettings


def suggest(
    counts: Mapping[str, int],
    specimen: Specimen,
    context: ClinicalContext | None = None,
    settings: ClassificationSettings | None = None,
    *,
    model_classes: Collection[str] | None = None,
) -> Suggestions:
    """What the three systems make of `counts` (class id -> cells) and of the facts in `context`.

    `model_classes`: the classes of the model that gave the counts, where no person has reviewed them; None when a
    person could have given any class. Raises CountsError as `differential` does.
    """
    context = context or ClinicalContext()
    settings = settings or ClassificationSettings()
    classes = None if model_classes is None else tuple(model_classes)
    case = Case(differential(counts, specimen, settings.counting), context, settings, classes)
    return Suggestions(
        specimen=specimen,
        settings=settings,
        context=context,
        model_classes=classes,
        counted_cells=case.counted.denominator,
        required_cells=case.required_cells,
        urgent_apl=_apl_alert(case),
        lymphoblasts=describe_lymphoblasts(context.lymphoblasts) if context.lymphoblasts else None,
        fab=_suggest_one(System.FAB, case),
        who2022=_suggest_one(System.WHO_2022, case),
        icc2022=_suggest_one(System.ICC_2022, case),
    )


def rules_of(system: System, settings: ClassificationSettings) -> tuple[RuleTable, RuleTable]:
    """The deciding rules of a system, and its remarks."""
    match system:
        case System.FAB:
            return fab_rules(settings), ()
        case System.WHO_2022:
            return WHO_2022_RULES, WHO_2022_NOTES
        case System.ICC_2022:
            return ICC_2022_RULES, ICC_2022_NOTES


def _suggest_one(system: System, case: Case) -> Suggestion:
    table, notes = rules_of(system, case.settings)
    facts = case.facts(case.settings)
    decision = decide(table, facts)
    straddles = find_straddles(table, facts, case.settings.counting.confidence, case.counted.denominator)
    lacking = classes_lacking(decision)
    if _needs_marrow(system, case, decision) and not (straddles or lacking):
        return Suggestion(system=system, status=Status.NOT_APPLICABLE, trace=decision.trace)
    withheld = reasons_against(case, straddles, lacking)
    if withheld:
        return Suggestion(
            system=system,
            status=Status.WITHHELD,
            rule_id=X1,
            withheld=withheld,
            straddles=straddles,
            not_derivable_from=lacking,
            more_cells=more_cells(case, straddles),
            trace=decision.trace,
        )
    return _said(system, case, decision, straddles, _notes_that_hold(notes, facts))


def _needs_marrow(system: System, case: Case, decision: Decision) -> bool:
    """FAB always does; the others unless the blasts of blood alone decide."""
    in_blood = case.counted.specimen is Specimen.PERIPHERAL_BLOOD
    return in_blood and case.counted.denominator > 0 and (system is System.FAB or not decision.fired)


def _said(
    system: System, case: Case, decision: Decision, straddles: tuple[Straddle, ...], notes: tuple[Outcome, ...]
) -> Suggestion:
    """What the table says where X1 does not keep it back."""
    fired = () if decision.open_rules else decision.fired
    status = Status.OPEN if decision.open_rules else Status.SUGGESTED if fired else Status.NO_RULE
    return Suggestion(
        system=system,
        status=status,
        rule_id=fired[-1].id if fired else None,
        fired=tuple(rule.id for rule in fired),
        outcome=fired[-1].outcome if fired else None,
        candidates=_candidates(decision),
        straddles=straddles,
        more_cells=more_cells(case, straddles),
        missing=missing_facts(decision, case.context),
        notes=notes,
        therapy_related=case.context.prior_cytotoxic_therapy is True and status is Status.SUGGESTED,
        trace=decision.trace,
        alternatives=tuple(_alternatives(system, case, decision)),
    )


def _candidates(decision: Decision) -> tuple[Outcome, ...]:
    """Open rules, with the one that holds unless one of them does."""
    hit = decision.fired[-1:] if decision.open_rules else ()
    rules = (*decision.open_rules, *hit, *decision.open_further)
    return tuple(dict.fromkeys(rule.outcome for rule in rules))


def _notes_that_hold(notes: RuleTable, facts: Facts) -> tuple[Outcome, ...]:
    """Unlike rules, remarks do not exclude each other."""
    return tuple(note.outcome for note in notes if run_rule(note, facts).truth is Truth.MET)


def _alternatives(system: System, case: Case, decision: Decision) -> Iterator[Alternative]:
    """Both sides of each dispute between sources, one setting at a time."""
    for dispute in DISPUTES:
        for value, settings in dispute.others(case.settings) if dispute.system is system else ():
            other = decide(rules_of(system, settings)[0], case.facts(settings))
            fired = () if other.open_rules else other.fired
            yield Alternative(
                setting=dispute.setting,
                value=value,
                fired=tuple(rule.id for rule in fired),
                outcome=fired[-1].outcome if fired else None,
                candidates=_candidates(other),
                differs=other.answer != decision.answer,
            )


def _apl_alert(case: Case) -> AplAlert | None:
    cells = sum(case.counts.get(class_id, 0) for class_id in ABNORMAL_PROMYELOCYTES)
    found: Sequence[tuple[AplGround, bool]] = (
        (AplGround.CELLS, cells > 0),
        (AplGround.MORPHOLOGY, case.context.apl_morphology is True),
        (AplGround.FUSION, Lesion.PML_RARA in (case.context.lesions or ())),
    )
    grounds = tuple(ground for ground, is_there in found if is_there)
    return AplAlert(grounds=grounds, cells=cells) if grounds else None
