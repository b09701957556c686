"""Who may see which cases."""

from django.db.models import QuerySet

from hemascope.web.accounts.access import in_department_of
from hemascope.web.accounts.models import User
from hemascope.web.cases.models import Case


def cases_visible_to(person: User) -> QuerySet[Case]:
    """Those of the person's department and of none, whichever department the patient is in."""
    return in_department_of(person, Case.objects.select_related("patient", "reader", "created_by"))
