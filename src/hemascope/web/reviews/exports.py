"""The table of cells as CSV, row by row, however long it is."""

import csv
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from hemascope.hematology.taxonomy import TAXONOMY
from hemascope.web.analyses.models import Cell

_COLUMNS = (
    "cell", "case", "patient", "field", "file", "x1", "y1", "x2", "y2", "class", "name_en", "name_zh", "model_class",
    "model_score", "runner_up", "reader_class", "is_confirmed", "is_deleted", "uploaded_by", "verified_by",
    "verified_at", "updated_at",
)  # fmt: skip
_ROWS_IN_MEMORY = 2000


class _Line:
    """A file for `csv` that hands back what is written."""

    def write(self, text: str) -> str:
        return text


def cells_csv(cells: QuerySet[Cell]) -> Iterator[str]:
    """UTF-8 with a mark at the start, by which spreadsheets know it."""
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(_COLUMNS)
    rows = cells.select_related("field__uploaded_by", "case", "verified_by").order_by("pk")
    for cell in rows.iterator(_ROWS_IN_MEMORY):
        yield writer.writerow(_row(cell))


def _row(cell: Cell) -> tuple[Any, ...]:
    named = TAXONOMY.get(cell.shown_class)
    return (
        cell.pk, cell.case.number, cell.case.patient_id, cell.field_id, cell.field.original_name, *cell.box_xyxy,
        cell.shown_class, named.name_en if named else "", named.name_zh if named else "", cell.model_class,
        cell.model_score, cell.runner_up, cell.reader_class, int(cell.is_confirmed), int(cell.is_deleted),
        cell.field.uploaded_by.username, cell.verified_by.username if cell.verified_by else "",
        cell.verified_at.isoformat() if cell.verified_at else "", cell.updated_at.isoformat(),
    )  # fmt: skip
