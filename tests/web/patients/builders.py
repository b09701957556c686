from itertools import count
from typing import Any

from hemascope.web.accounts.models import User
from hemascope.web.patients.models import Patient
from web.builders import make_user

_numbers = count(1)


def make_patient(owner: User | None = None, **values: Any) -> Patient:
    """In the department of `owner`, who is by default a new technician without one."""
    owner = owner or make_user(role="technician")
    values = {"hospital_number": f"H{next(_numbers):06d}", "name": "王小明", "department": owner.department} | values
    return Patient.objects.create(created_by=owner, **values)
