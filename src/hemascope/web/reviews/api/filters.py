import django_filters

from hemascope.web.analyses.models import Cell


class CellFilter(django_filters.FilterSet):
    search = django_filters.CharFilter("field__original_name", "icontains", label="Part of the file's name.")
    patient = django_filters.NumberFilter("case__patient")
    uploaded_by = django_filters.NumberFilter("field__uploaded_by")
    updated_from = django_filters.IsoDateTimeFilter("updated_at", "gte")
    updated_to = django_filters.IsoDateTimeFilter("updated_at", "lt")
    case = django_filters.NumberFilter("case")
    field = django_filters.NumberFilter("field")
    verified_by = django_filters.NumberFilter("verified_by")
    shown_class = django_filters.CharFilter("shown_class")

    class Meta:
        model = Cell
        fields = ("model_class", "reader_class", "is_confirmed", "is_deleted", "origin")
