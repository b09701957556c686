import django_filters
from django.db.models import QuerySet

from hemascope.web.analyses.models import Cell
from hemascope.web.api.filters import IdFilter


class CellFilter(django_filters.FilterSet):
    search = django_filters.CharFilter("field__original_name", "icontains", label="Part of the file's name.")
    patient = IdFilter("case__patient")
    uploaded_by = IdFilter("field__uploaded_by")
    updated_from = django_filters.IsoDateTimeFilter("updated_at", "gte")
    updated_to = django_filters.IsoDateTimeFilter("updated_at", "lt")
    case = IdFilter("case")
    field = IdFilter("field")
    verified_by = IdFilter("verified_by")
    is_confirmed = django_filters.BooleanFilter(method="by_confirmation")
    shown_class = django_filters.CharFilter("shown_class")

    class Meta:
        model = Cell
        fields = ("model_class", "reader_class", "is_deleted", "origin")

    def by_confirmation(self, cells: QuerySet[Cell], _name: str, value: bool) -> QuerySet[Cell]:
        return cells.filter(is_confirmed__in=[value])  # `=` becomes a bare column, for which no index is used
