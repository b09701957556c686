import django_filters
from django.db.models import QuerySet

from hemascope.web.api.filters import IdFilter
from hemascope.web.cases.models import Case
from hemascope.web.cases.selectors import cases_found
from hemascope.web.reports.models import Report


class ReportFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="by_text", label="The case, as in the list of cases.")
    patient = IdFilter("case__patient")
    specimen = django_filters.CharFilter("case__specimen")
    case_number = django_filters.CharFilter("case__number")
    signed_from = django_filters.IsoDateTimeFilter("signed_at", "gte")
    signed_to = django_filters.IsoDateTimeFilter("signed_at", "lt")

    class Meta:
        model = Report
        fields = ("case", "signed_by")

    def by_text(self, reports: QuerySet[Report], _name: str, value: str) -> QuerySet[Report]:
        return reports.filter(case__in=cases_found(Case.objects.all(), value, by=self.request.user))
