"""Lists come in pages: `?page=2&page_size=100`; the answer has `count`, `next`, `previous`, `results`."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


class CursorPages(CursorPagination):
    """For tables of millions of rows: no count, and every page costs the same however far down it lies."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    offset_cutoff = 1_000_000  # rows with the same value of what is ordered by, such as 1.0 of all unnamed cells

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """Raises NotFound also for a cursor that is well formed and points at no value of the column."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except ValueError as error:
            raise NotFound(self.invalid_cursor_message) from error
