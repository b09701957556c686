from datetime import date
from itertools import count
from typing import Any

from hemascope.web.accounts.models import User
from hemascope.web.patients.actions import patient_create
from hemascope.web.patients.models import Patient
from web.builders import make_user

IDENTITY = {"name": "王小明", "id_card": "11010119900307701X", "phone": "+86 138 0013 8000"}
_numbers = count(1)


def make_patient(owner: User | None = None, **values: Any) -> Patient:
    """In the department of `owner`, who is by default a new technician without one."""
    values = {"hospital_number": f"H{next(_numbers):06d}", "birth_date": date(1990, 3, 7)} | IDENTITY | values
    return patient_create(by=owner or make_user(role="technician"), **values)
