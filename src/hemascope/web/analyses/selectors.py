"""Reads that are more than a filter."""

from collections.abc import Iterator
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from hemascope.web.analyses.models import Cell, RecognitionRun
from hemascope.web.cases.actions import require_open
from hemascope.web.cases.models import Case
from hemascope.web.jobs.choices import JobStatus

_MOST_TAKEN_ALONG = 32  # runs; as many as a batch has places


def open_case_locked(case_id: int) -> Case:
    """The case, held until the transaction ends, so that nobody signs it meanwhile. Raises ConflictError once signed.

    Whatever changes fields or cells takes this lock before any other: nothing can wait in a circle.
    """
    case = Case.objects.select_for_update().get(pk=case_id)
    require_open(case)
    return case


def cells_to_recognise(run: RecognitionRun) -> QuerySet[Cell]:
    """Those that the run has still to name, field by field."""
    cells = Cell.objects.filter(case=run.case_id, is_deleted=False)
    rest = cells.filter(recognition_run=None) if run.only_new else cells.exclude(recognition_run=run)
    return rest.select_related("field").order_by("field", "pk")


def jobs_to_take_along(run: RecognitionRun) -> Iterator[UUID]:
    """Those of other cases' runs that wait for the same network, the oldest first, until there are cells enough.

    First attempts only: what many runs may have died of together, each finds out alone.
    """
    if run.job.attempts > 1:
        return
    cases, cells = {run.case_id}, cells_to_recognise(run).count()
    waiting = RecognitionRun.objects.filter(
        bundle_name=run.bundle_name,
        bundle_sha256=run.bundle_sha256,
        job__status=JobStatus.QUEUED,
        job__attempts=0,
        job__not_before__lte=timezone.now(),
    )
    for other in waiting.order_by("created_at")[:_MOST_TAKEN_ALONG]:
        if cells >= settings.RECOGNISED_TOGETHER_CELLS:
            return
        if other.case_id not in cases:  # two runs of one case would name each other's cells for ever
            cases.add(other.case_id)
            cells += cells_to_recognise(other).count()
            yield other.job_id
