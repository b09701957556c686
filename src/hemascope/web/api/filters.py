"""Filters of lists that several apps have."""

from typing import Any

import django_filters
from django.forms import IntegerField
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from hemascope.web.api.serializers import MAX_ID


@extend_schema_field(OpenApiTypes.INT64)
class IdFilter(django_filters.NumberFilter):
    """By the primary key of another row. A number that no database can store is refused, as text is."""

    field_class = IntegerField

    def __init__(self, *names: str, **options: Any) -> None:
        super().__init__(*names, min_value=1, max_value=MAX_ID, **options)
