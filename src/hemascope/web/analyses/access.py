"""Who may see which fields, runs and cells: those of the cases they may see."""

from django.db.models import OuterRef, QuerySet, Subquery

from hemascope.web.accounts.access import in_department_of
from hemascope.web.accounts.models import User
from hemascope.web.analyses.models import Cell, DetectionRun, Field, RecognitionRun
from hemascope.web.cases.models import Case

_DEPARTMENT = "case__department"


def fields_visible_to(person: User) -> QuerySet[Field]:
    return in_department_of(person, Field.objects.all(), _DEPARTMENT)


def detection_runs_visible_to(person: User) -> QuerySet[DetectionRun]:
    return in_department_of(person, DetectionRun.objects.select_related("job"), _DEPARTMENT)


def recognition_runs_visible_to(person: User) -> QuerySet[RecognitionRun]:
    return in_department_of(person, RecognitionRun.objects.select_related("job"), _DEPARTMENT)


def cells_visible_to(person: User) -> QuerySet[Cell]:
    """Also deleted ones, which a reader may restore.

    Asked of each cell's case: with a join or EXISTS databases start from the cases and sort a million cells for a page.
    """
    cases = in_department_of(person, Case.objects.filter(pk=OuterRef("case_id"))).order_by()
    return Cell.objects.filter(case_id=Subquery(cases.values("pk")))
