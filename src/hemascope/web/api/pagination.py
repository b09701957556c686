"""Lists come in pages: `?page=2&page_size=100`; the answer has `count`, `next`, `previous`, `results`."""

from rest_framework.pagination import CursorPagination, PageNumberPagination


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
