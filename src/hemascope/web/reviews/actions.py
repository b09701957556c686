"""Everything readers do to cells. Each step of a reader and its audit event are one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from hemascope.errors import ConflictError
from hemascope.web.accounts.models import User
from hemascope.web.analyses.access import cells_visible_to
from hemascope.web.analyses.choices import UNIDENTIFIED, CellOrigin, FieldKind
from hemascope.web.analyses.models import Cell, Field
from hemascope.web.analyses.selectors import open_case_locked
from hemascope.web.cases.models import Case
from hemascope.web.reviews.choices import REVERSALS, StepVerb
from hemascope.web.reviews.models import LabelChange, ReviewStep
from hemascope.web.reviews.opinions import Opinion
from hemascope.web.reviews.steps import CellConflict, Decide, StepOutcome, record, require_version, take_step

_SMALLEST_BOX_PX = 4


@dataclass(frozen=True, slots=True)
class CellVersion:
    """A cell as the reader saw it."""

    id: int
    version: int


@dataclass(frozen=True, slots=True)
class Box:
    """In pixels of the field."""

    x1: float
    y1: float
    x2: float
    y2: float


def cells_relabel(*, by: User, cells: Sequence[CellVersion], reader_class: str) -> StepOutcome:
    """Names and so confirms them; `unidentified` puts them back into that group."""

    def decide(cell: Cell) -> Opinion:
        return _alive(cell).named(reader_class, by)

    return _decide_each(by, StepVerb.RELABEL, cells, decide)


def cells_confirm(*, by: User, cells: Sequence[CellVersion]) -> StepOutcome:
    """The shown class becomes the reader's word, which no later run can change."""

    def decide(cell: Cell) -> Opinion:
        if cell.shown_class == UNIDENTIFIED:
            raise ConflictError(_("cell %(id)s is unidentified; give it a class instead") % {"id": cell.pk})
        return _alive(cell).named(cell.shown_class, by)

    return _decide_each(by, StepVerb.CONFIRM, cells, decide)


def cells_unconfirm(*, by: User, cells: Sequence[CellVersion]) -> StepOutcome:
    return _decide_each(by, StepVerb.UNCONFIRM, cells, lambda cell: _alive(cell).unconfirmed())


def cells_delete(*, by: User, cells: Sequence[CellVersion]) -> StepOutcome:
    """They count no more, but stay in the table and can be restored."""
    return _decide_each(by, StepVerb.DELETE, cells, lambda cell: replace(Opinion.of(cell), is_deleted=True))


def cells_restore(*, by: User, cells: Sequence[CellVersion]) -> StepOutcome:
    return _decide_each(by, StepVerb.RESTORE, cells, lambda cell: replace(Opinion.of(cell), is_deleted=False))


def _alive(cell: Cell) -> Opinion:
    if cell.is_deleted:
        raise ConflictError(_("cell %(id)s is deleted; restore it first") % {"id": cell.pk})
    return Opinion.of(cell)


@transaction.atomic
def _decide_each(by: User, verb: StepVerb, cells: Sequence[CellVersion], decide: Decide) -> StepOutcome:
    """One step a case. A stale cell becomes a conflict and holds up no other; so does one that cannot be seen."""
    version_of = {cell.id: cell.version for cell in cells}
    case_of = dict(cells_visible_to(by).filter(pk__in=version_of).order_by("case", "pk").values_list("pk", "case"))

    def decide_unless_stale(cell: Cell) -> Opinion:
        require_version(cell, version_of[cell.pk])
        return decide(cell)

    outcome = StepOutcome(
        conflicts=[CellConflict(pk, "not_found", _("there is no such cell")) for pk in version_of if pk not in case_of]
    )
    for case_id in dict.fromkeys(case_of.values()):
        ids = [pk for pk, of in case_of.items() if of == case_id]
        outcome += take_step(by=by, case_id=case_id, verb=verb, cell_ids=ids, decide=decide_unless_stale)
    return outcome


@transaction.atomic
def cell_draw(*, by: User, field: Field, box: Box, reader_class: str = "") -> Cell:
    """A cell that the detector missed; the model is asked about it by a job. Raises ValidationError, ConflictError."""
    _check_box(field, box)
    case = open_case_locked(field.case_id)
    nothing = Opinion(box.x1, box.y1, box.x2, box.y2, is_deleted=True)  # what undoing leaves
    drawn = replace(nothing, is_deleted=False)
    cell = Cell(
        case=case,
        field=field,
        origin=CellOrigin.READER,
        version=0,
        x1=box.x1,
        y1=box.y1,
        x2=box.x2,
        y2=box.y2,
        is_deleted=True,
    )
    cell.save()
    record(
        by=by, case=case, verb=StepVerb.DRAW, changed={cell: drawn.named(reader_class, by) if reader_class else drawn}
    )
    return Cell.objects.get(pk=cell.pk)


@transaction.atomic
def cell_move(*, by: User, cell: Cell, version: int, box: Box) -> Cell:
    """Moves or resizes its box; the model is asked anew by a job. Raises ValidationError, StaleVersionError."""
    _check_box(cell.field, box)
    case = open_case_locked(cell.case_id)
    current = Cell.objects.select_for_update().get(pk=cell.pk)
    require_version(current, version)
    moved = replace(_alive(current), x1=box.x1, y1=box.y1, x2=box.x2, y2=box.y2)
    record(by=by, case=case, verb=StepVerb.MOVE, changed={current: moved})
    return Cell.objects.get(pk=cell.pk)


def _check_box(field: Field, box: Box) -> None:
    if field.kind == FieldKind.CROP:
        raise ValidationError({"x1": _("A ready-made crop is one cell; boxes are drawn in fields of view.")})
    if not (0 <= box.x1 < box.x2 <= field.width and 0 <= box.y1 < box.y2 <= field.height):
        values = {"width": field.width, "height": field.height}
        message = _("The box must lie inside the %(width)s x %(height)s pixels of the field.") % values
        raise ValidationError({"x1": message})
    if min(box.x2 - box.x1, box.y2 - box.y1) < _SMALLEST_BOX_PX:
        message = _("The box must have at least %(pixels)s pixels on each side.") % {"pixels": _SMALLEST_BOX_PX}
        raise ValidationError({"x1": message})


@transaction.atomic
def review_undo(*, by: User, case: Case) -> StepOutcome:
    """Takes back the reader's own last step in the case. Cells that somebody changed since stay: they are conflicts.

    Raises ConflictError where there is nothing to undo, or once the case is signed.
    """
    case = open_case_locked(case.pk)
    step = _own_steps(by, case).filter(is_undone=False).first()
    if step is None:
        raise ConflictError(_("there is nothing of yours to undo in this case"))
    return _reverse(by, step, StepVerb.UNDO)


@transaction.atomic
def review_redo(*, by: User, case: Case) -> StepOutcome:
    """Does again what the reader's last undo took back, unless a new step came after it. Raises as `review_undo`."""
    case = open_case_locked(case.pk)
    steps = _own_steps(by, case)
    last = steps.filter(is_undone=False).first()
    undone = steps.filter(is_undone=True, sequence__gt=last.sequence if last else 0)
    step = undone.order_by("sequence").first()
    if step is None:
        raise ConflictError(_("there is nothing of yours to do again in this case"))
    return _reverse(by, step, StepVerb.REDO)


def _own_steps(by: User, case: Case) -> QuerySet[ReviewStep]:
    return ReviewStep.objects.filter(case=case, reader=by).exclude(verb__in=REVERSALS).order_by("-sequence")


def _reverse(by: User, step: ReviewStep, verb: StepVerb) -> StepOutcome:
    changes = {change.cell_id: change for change in LabelChange.objects.filter(step=step)}

    def decide(cell: Cell) -> Opinion:
        change = changes[cell.pk]
        before, after = Opinion.from_json(change.before), Opinion.from_json(change.after)
        expected, wanted = (after, before) if verb == StepVerb.UNDO else (before, after)
        if Opinion.of(cell) != expected:
            raise ConflictError(_("cell %(id)s was changed since; it stays as it is") % {"id": cell.pk})
        return wanted

    outcome = take_step(by=by, case_id=step.case_id, verb=verb, cell_ids=list(changes), decide=decide, reverses=step)
    step.is_undone = verb == StepVerb.UNDO
    step.save(update_fields=["is_undone"])
    return outcome
