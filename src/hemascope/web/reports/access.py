"""Who may see which reports: those of the cases they may see."""

from django.db.models import QuerySet

from hemascope.web.accounts.access import in_department_of
from hemascope.web.accounts.models import User
from hemascope.web.reports.models import Report


def reports_visible_to(person: User) -> QuerySet[Report]:
    return in_department_of(person, Report.objects.select_related("case__patient", "signed_by"), "case__department")
