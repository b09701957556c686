"""Who may see which patients."""

from django.db.models import QuerySet

from hemascope.web.accounts.access import in_department_of
from hemascope.web.accounts.models import User
from hemascope.web.patients.models import Patient


def patients_visible_to(person: User) -> QuerySet[Patient]:
    """Those of the person's department and of none. Whether names are masked is a question of `identities`."""
    return in_department_of(person, Patient.objects.all())
