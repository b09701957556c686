"""`?ordering=name,-created_at`: only by the fields a view names, and always to the end in one order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Model, QuerySet
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # DRF itself imports this module while it loads its views


class StableOrdering(OrderingFilter):
    """Views say `ordering_fields` and `ordering`; the primary key breaks ties, else a row may be on two pages."""

    def get_default_valid_fields(
        self, _queryset: QuerySet[Model], _view: "APIView", _context: Any = None
    ) -> list[tuple[str, str]]:
        return []

    def get_ordering(self, request: Request, queryset: QuerySet[Model], view: "APIView") -> Sequence[str]:
        ordering = super().get_ordering(request, queryset, view) or ()
        return ordering if "pk" in ordering or "-pk" in ordering else (*ordering, "pk")
