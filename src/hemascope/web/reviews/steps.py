"""The one way by which readers change cells: checked cell by cell, recorded, and numbered for the change feed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from hemascope.errors import ConflictError, StaleVersionError
from hemascope.web.accounts.models import User
from hemascope.web.analyses.actions import recognition_run_start
from hemascope.web.analyses.choices import CellOrigin
from hemascope.web.analyses.models import Cell
from hemascope.web.analyses.selectors import open_case_locked
from hemascope.web.audit.actions import audit_record
from hemascope.web.cases.actions import case_change_state
from hemascope.web.cases.choices import CaseState
from hemascope.web.cases.models import Case
from hemascope.web.reviews.choices import StepVerb
from hemascope.web.reviews.models import LabelChange, ReviewStep
from hemascope.web.reviews.opinions import Opinion

Decide = Callable[[Cell], Opinion]  # the new opinion; raises ConflictError where the cell cannot have one


@dataclass(frozen=True, slots=True)
class CellConflict:
    """Why one cell stayed as it is; `cell` is its present state, None where the reader may not see it.

    `step` is the reader's step that left it so, None where no reader has changed it.
    """

    id: int
    code: str
    message: str
    cell: Cell | None = None
    step: ReviewStep | None = None


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """`cells` as they are now, changed or already as wished; the others are in `conflicts`."""

    cells: list[Cell] = field(default_factory=list)
    conflicts: list[CellConflict] = field(default_factory=list)

    def __add__(self, other: "StepOutcome") -> "StepOutcome":
        return StepOutcome(self.cells + other.cells, self.conflicts + other.conflicts)


def require_version(cell: Cell, version: int) -> None:
    """Raises StaleVersionError."""
    if cell.version != version:
        raise StaleVersionError(
            _("cell %(id)s has version %(present)s, not %(read)s: somebody else changed it meanwhile")
            % {"id": cell.pk, "present": cell.version, "read": version}
        )


def take_step(
    *,
    by: User,
    case_id: int,
    verb: StepVerb,
    cell_ids: Sequence[int],
    decide: Decide,
    reverses: ReviewStep | None = None,
) -> StepOutcome:
    """Decides each cell on its own and records those that change; called inside a transaction.

    Raises ConflictError once the case is signed.
    """
    case = open_case_locked(case_id)
    cells = Cell.objects.select_for_update().filter(case=case).in_bulk(list(cell_ids))
    decided: dict[int, Opinion] = {}
    refused: dict[int, ConflictError] = {}
    conflicts: list[CellConflict] = []
    for cell_id in cell_ids:
        cell = cells.get(cell_id)
        if cell is None:
            conflicts.append(CellConflict(cell_id, "not_found", _("there is no such cell in this case")))
            continue
        try:
            decided[cell_id] = decide(cell)
        except ConflictError as error:
            refused[cell_id] = error
    conflicts += _conflicts(refused, cells)
    changed = {cells[cell_id]: opinion for cell_id, opinion in decided.items() if _differs(cells[cell_id], opinion)}
    if changed or reverses:
        record(by=by, case=case, verb=verb, changed=changed, reverses=reverses)
    now = Cell.objects.in_bulk(list(decided))
    return StepOutcome([now[cell_id] for cell_id in decided], conflicts)


def _conflicts(refused: Mapping[int, ConflictError], cells: Mapping[int, Cell]) -> list[CellConflict]:
    """With who changed each cell last, in one query."""
    last = {cell_id: cells[cell_id].changed_sequence for cell_id in refused}
    steps = ReviewStep.objects.select_related("reader").in_bulk(set(last.values()))
    return [
        CellConflict(cell_id, error.code, str(error), cells[cell_id], steps.get(last[cell_id]))
        for cell_id, error in refused.items()
    ]


def record(
    *, by: User, case: Case, verb: StepVerb, changed: Mapping[Cell, Opinion], reverses: ReviewStep | None = None
) -> ReviewStep:
    """Writes the new opinions with their history; asks the model anew about boxes that changed.

    The case is locked by the caller. The step's number is that of its audit event: whoever appends one holds the end of
    the trail until the commit, so that numbers become visible in their order and the change feed misses none.
    """
    if case.state == CaseState.ANALYSED:
        case_change_state(by=by, case=case, to=CaseState.IN_REVIEW)
    opinions = {cell: (Opinion.of(cell), after) for cell, after in changed.items()}
    unnamed = [cell.pk for cell, (before, after) in opinions.items() if _needs_model(cell, before, after)]
    if unnamed:
        Cell.objects.filter(pk__in=unnamed).update(recognition_run=None)
        recognition_run_start(by=by, case=case, only_new=True)
    event = audit_record(by=by, verb=f"review.{verb}", subject=case, changes=_told(changed, reverses))
    _write(opinions, event.sequence)
    step = ReviewStep.objects.create(
        sequence=event.sequence, case=case, reader=by, verb=verb, reverses=reverses, at=event.at
    )
    LabelChange.objects.bulk_create(
        LabelChange(
            step=step,
            cell=cell,
            model_class=cell.model_class,
            before=before.as_json(),
            after=after.as_json(),
            version=cell.version + 1,
        )
        for cell, (before, after) in opinions.items()
    )
    return step


def _differs(cell: Cell, opinion: Opinion) -> bool:
    """Saying again what one has said is no change."""
    differences = Opinion.of(cell).differences(opinion)
    return bool(set(differences) - {"verified_at"})


def _needs_model(cell: Cell, before: Opinion, after: Opinion) -> bool:
    """The box is another one, or no model has ever seen what the reader drew."""
    is_unseen = cell.origin == CellOrigin.READER and cell.recognition_run_id is None
    return not after.is_deleted and (is_unseen or not before.has_box_of(after))


def _write(opinions: Mapping[Cell, tuple[Opinion, Opinion]], sequence: int) -> None:
    """One UPDATE for all cells that get the same values."""
    groups: dict[tuple[tuple[str, Any], ...], list[int]] = {}
    for cell, (before, after) in opinions.items():
        groups.setdefault(tuple(before.differences(after).items()), []).append(cell.pk)
    for values, ids in groups.items():
        Cell.objects.filter(pk__in=ids).update(
            **dict(values), version=F("version") + 1, changed_sequence=sequence, updated_at=timezone.now()
        )


def _told(changed: Mapping[Cell, Opinion], reverses: ReviewStep | None) -> dict[str, Any]:
    classes = sorted({opinion.reader_class for opinion in changed.values()})
    told: dict[str, Any] = {"cells": [cell.pk for cell in changed], "classes": classes}
    return told | ({"reverses": reverses.pk} if reverses else {})
