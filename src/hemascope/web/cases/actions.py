"""Everything that changes cases. Each change and its audit event are one transaction."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hemascope.errors import ConflictError
from hemascope.web.accounts.models import User
from hemascope.web.api.versions import locked, save_new_version
from hemascope.web.audit.actions import audit_record
from hemascope.web.cases.choices import CaseState
from hemascope.web.cases.models import Case, CaseCounter
from hemascope.web.cases.selectors import possible_readers
from hemascope.web.cases.states import ALLOWED, CLOSED
from hemascope.web.patients.models import Patient


@transaction.atomic
def case_create(*, by: User, patient: Patient, specimen: str, collected_on: date, **values: Any) -> Case:
    """In the creator's department unless told otherwise. Raises ValidationError."""
    values = {"department": by.department} | values
    case = Case(patient=patient, specimen=specimen, collected_on=collected_on, created_by=by, **values)
    case.number = _next_number()
    case.full_clean()
    case.save()
    audit_record(by=by, verb="case.create", subject=case, changes={"number": case.number, "patient": patient.pk})
    return case


def _next_number() -> str:
    """Numbers have no gaps but those of deleted cases: whoever takes one holds the year's row until it is saved."""
    year = timezone.now().year
    CaseCounter.objects.get_or_create(year=year)
    counter = CaseCounter.objects.select_for_update().get(year=year)
    counter.last += 1
    counter.save()
    return f"{year}-{counter.last:06d}"


@transaction.atomic
def case_update(*, by: User, case: Case, version: int, **changes: Any) -> Case:
    """Raises StaleVersionError, ConflictError once it is signed, ValidationError."""
    case = locked(case, version)
    require_open(case)
    for name, value in changes.items():
        setattr(case, name, value)
    _check_reader(case)
    save_new_version(case)
    audit_record(by=by, verb="case.update", subject=case, changes={"fields": sorted(changes)})
    return case


@transaction.atomic
def case_assign(*, by: User, case: Case, version: int, reader: User | None) -> Case:
    """Names who is to look at it, or nobody. Raises StaleVersionError, and ConflictError once it is signed."""
    case = locked(case, version)
    require_open(case)
    case.reader = reader
    _check_reader(case)
    save_new_version(case)
    audit_record(by=by, verb="case.assign", subject=case, changes={"reader": reader.pk if reader else None})
    return case


@transaction.atomic
def case_change_state(*, by: User | None, case: Case, to: CaseState) -> Case:
    """The one door to `state`; `by` is None for a job. Does nothing where it is in that state already.

    Raises ConflictError for a step that `states.ALLOWED` does not have.
    """
    case = locked(case)
    state = CaseState(case.state)
    if state == to:
        return case
    if to not in ALLOWED[state]:
        allowed = _(", ").join(sorted(one.in_words for one in ALLOWED[state]))
        raise ConflictError(
            _("case %(number)s is %(state)s and cannot become %(wanted)s, only %(allowed)s")
            % {"number": case.number, "state": state.in_words, "wanted": to.in_words, "allowed": allowed}
        )
    case.state = to
    save_new_version(case)
    audit_record(by=by, verb="case.state", subject=case, changes={"from": state.value, "to": to.value})
    return case


@transaction.atomic
def case_delete(*, by: User, case: Case) -> None:
    """Raises ConflictError once it was analysed, and ProtectedError (409 `in_use`) while it has fields."""
    case = locked(case)
    if case.state != CaseState.NEW:
        values = {"number": case.number, "state": CaseState(case.state).in_words}
        raise ConflictError(_("case %(number)s is %(state)s; only a new case can be deleted") % values)
    audit_record(by=by, verb="case.delete", subject=case, changes={"number": case.number, "patient": case.patient_id})
    case.delete()


def require_open(case: Case) -> None:
    """Raises ConflictError once it is signed."""
    if case.state in CLOSED:
        raise ConflictError(
            _("case %(number)s is %(state)s; what a signed report rests on is not changed")
            % {"number": case.number, "state": CaseState(case.state).in_words}
        )


def _check_reader(case: Case) -> None:
    if case.reader_id and not possible_readers(case).filter(pk=case.reader_id).exists():
        raise ValidationError(
            {"reader": ValidationError(_("The reader must be somebody who may review and sees this case."), "reader")}
        )
