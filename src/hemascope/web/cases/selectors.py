"""Reads of cases that are more than a filter."""

from collections.abc import Mapping

from django.db.models import Count, Q, QuerySet

from hemascope.web.accounts.models import User
from hemascope.web.api.roles import RIGHTS_OF_ROLE, Right
from hemascope.web.cases.choices import CaseState
from hemascope.web.cases.models import Case
from hemascope.web.cases.states import OPEN
from hemascope.web.patients.models import Patient
from hemascope.web.patients.selectors import patients_found

_READING_ROLES = [role for role, rights in RIGHTS_OF_ROLE.items() if Right.REVIEWS_WRITE in rights]


def cases_found(cases: QuerySet[Case], text: str, *, by: User) -> QuerySet[Case]:
    """By the beginning of the number, a part of the clinical question, or the patient as `patients_found` does."""
    patients = patients_found(Patient.objects.all(), text, by=by).values("pk")
    wanted = text.strip()
    return cases.filter(Q(number__startswith=wanted) | Q(clinical_question__icontains=wanted) | Q(patient__in=patients))


def possible_readers(case: Case) -> QuerySet[User]:
    """Who may review and sees this case."""
    readers = User.objects.filter(is_active=True, is_approved=True, role__in=_READING_ROLES)
    return readers.filter(department=case.department_id) if case.department_id else readers


def case_counts(cases: QuerySet[Case], *, reader: User) -> tuple[Mapping[str, int], int]:
    """How many are in each state, and how many of the open ones are the reader's."""
    counted = dict(cases.order_by().values_list("state").annotate(Count("pk")))
    by_state = {state.value: counted.get(state.value, 0) for state in CaseState}
    return by_state, cases.filter(reader=reader, state__in=OPEN).count()
