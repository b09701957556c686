import django_filters
from django.db.models import QuerySet

from hemascope.web.api.filters import IdFilter
from hemascope.web.cases.choices import CaseState
from hemascope.web.cases.models import Case
from hemascope.web.cases.selectors import cases_found


class CaseFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(
        method="by_text",
        label="Beginning of the case number, part of the clinical question, or the patient as in the list of patients.",
    )
    state = django_filters.MultipleChoiceFilter(choices=CaseState.choices, distinct=False)
    patient = IdFilter("patient_id")
    reader = IdFilter("reader_id")
    is_assigned = django_filters.BooleanFilter("reader", "isnull", exclude=True)
    department = IdFilter("department_id")
    collected_from = django_filters.DateFilter("collected_on", "gte")
    collected_to = django_filters.DateFilter("collected_on", "lte")
    created_from = django_filters.IsoDateTimeFilter("created_at", "gte")
    created_to = django_filters.IsoDateTimeFilter("created_at", "lt")

    class Meta:
        model = Case
        fields = ("number", "specimen", "stain")

    def by_text(self, cases: QuerySet[Case], _name: str, value: str) -> QuerySet[Case]:
        return cases_found(cases, value, by=self.request.user)
