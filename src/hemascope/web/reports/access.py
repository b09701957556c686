"""Who may see which reports: those of the cases they may see."""

from django.db.models import Prefetch, QuerySet

from hemascope.web.accounts.access import in_department_of
from hemascope.web.accounts.models import User
from hemascope.web.reports.models import Report


def reports_visible_to(person: User) -> QuerySet[Report]:
    versions = Prefetch("case__reports", Report.objects.only("case", "number"))  # which one is valid
    reports = Report.objects.select_related("case__patient", "signed_by").prefetch_related(versions)
    return in_department_of(person, reports, "case__department")
