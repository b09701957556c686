import django_filters

from hemascope.web.api.filters import IdFilter
from hemascope.web.reports.models import Report


class ReportFilter(django_filters.FilterSet):
    patient = IdFilter("case__patient")
    specimen = django_filters.CharFilter("case__specimen")
    case_number = django_filters.CharFilter("case__number")
    signed_from = django_filters.IsoDateTimeFilter("signed_at", "gte")
    signed_to = django_filters.IsoDateTimeFilter("signed_at", "lt")

    class Meta:
        model = Report
        fields = ("case", "signed_by")
