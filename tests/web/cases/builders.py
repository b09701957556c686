from datetime import date
from typing import Any

from hemascope.web.accounts.models import User
from hemascope.web.cases.actions import case_create
from hemascope.web.cases.models import Case
from hemascope.web.patients.models import Patient
from web.builders import make_user
from web.patients.builders import make_patient


def make_case(owner: User | None = None, *, patient: Patient | None = None, **values: Any) -> Case:
    """A bone-marrow case in the department of `owner`; `state` is set past all rules of what may follow what."""
    owner = owner or make_user(role="technician")
    values = {"specimen": "bone-marrow", "collected_on": date(2026, 3, 4)} | values
    state = values.pop("state", None)
    case = case_create(by=owner, patient=patient or make_patient(owner), **values)
    if state:
        Case.objects.filter(pk=case.pk).update(state=state)
        case.refresh_from_db()
    return case
