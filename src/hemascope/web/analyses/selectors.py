"""Reads that are more than a filter."""

from django.db.models import QuerySet

from hemascope.errors import ConflictError
from hemascope.web.analyses.models import Cell, RecognitionRun
from hemascope.web.cases.models import Case
from hemascope.web.cases.states import CLOSED


def open_case_locked(case_id: int) -> Case:
    """The case, held until the transaction ends, so that nobody signs it meanwhile. Raises ConflictError once signed.

    Whatever changes fields or cells takes this lock before any other: nothing can wait in a circle.
    """
    case = Case.objects.select_for_update().get(pk=case_id)
    if case.state in CLOSED:
        raise ConflictError(f"case {case.number} is {case.state}; what a signed report rests on is not changed")
    return case


def cells_to_recognise(run: RecognitionRun) -> QuerySet[Cell]:
    """Those that the run has still to name, field by field."""
    cells = Cell.objects.filter(case=run.case_id, is_deleted=False)
    rest = cells.filter(recognition_run=None) if run.only_new else cells.exclude(recognition_run=run)
    return rest.select_related("field").order_by("field", "pk")
