import django_filters
from django.db.models import QuerySet

from hemascope.web.api.filters import IdFilter
from hemascope.web.patients.models import Patient
from hemascope.web.patients.selectors import patients_found


class PatientFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(
        method="by_text",
        label="Beginning of the hospital number, part of the keywords; for those who may see identities also the "
        "beginning of a word of the name, or the whole ID-card or phone number.",
    )
    birth_date_from = django_filters.DateFilter("birth_date", "gte")
    birth_date_to = django_filters.DateFilter("birth_date", "lte")
    created_from = django_filters.IsoDateTimeFilter("created_at", "gte")
    created_to = django_filters.IsoDateTimeFilter("created_at", "lt")
    department = IdFilter("department_id")

    class Meta:
        model = Patient
        fields = ("hospital_number", "sex")

    def by_text(self, patients: QuerySet[Patient], _name: str, value: str) -> QuerySet[Patient]:
        return patients_found(patients, value, by=self.request.user)
