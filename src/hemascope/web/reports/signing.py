"""What stands against signing a report."""

from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict

from hemascope.web.analyses.models import DetectionRun, RecognitionRun
from hemascope.web.cases.choices import CaseState
from hemascope.web.cases.models import Case
from hemascope.web.jobs.choices import JobStatus
from hemascope.web.reports.choices import Reason
from hemascope.web.reports.document import CaseAnalysis
from hemascope.web.reports.models import LabSettings

_AT_WORK = Q(job__status__in=(JobStatus.QUEUED, JobStatus.RUNNING))


class Obstacle(BaseModel):
    """`count` of `of` cells, and the share that the laboratory allows, where the reason is one of shares."""

    model_config = ConfigDict(frozen=True)

    reason: Reason
    message: str
    count: int | None = None
    of: int | None = None
    limit_percent: float | None = None


def obstacles(case: Case, analysis: CaseAnalysis, settings: LabSettings) -> tuple[Obstacle, ...]:
    """() where it may be signed, or amended if it was signed before."""
    return tuple(_obstacles(case, analysis, settings))


def _obstacles(case: Case, analysis: CaseAnalysis, settings: LabSettings) -> Iterator[Obstacle]:
    is_signed = analysis.reports > 0 and case.state in (CaseState.SIGNED, CaseState.AMENDED)
    if case.state != CaseState.IN_REVIEW and not is_signed:
        values = {"number": case.number, "state": CaseState(case.state).in_words}
        message = _("Case %(number)s is %(state)s, not in review.") % values
        yield Obstacle(reason=Reason.NOT_IN_REVIEW, message=message)
    if any(runs.filter(_AT_WORK, case=case).exists() for runs in (DetectionRun.objects, RecognitionRun.objects)):
        yield Obstacle(reason=Reason.RUNNING, message=str(Reason.RUNNING.label))
    if analysis.differential.denominator == 0:
        yield Obstacle(reason=Reason.NO_CELLS, message=str(Reason.NO_CELLS.label))
    unidentified, cells = analysis.differential.unidentified, analysis.cells
    shares = (
        (Reason.UNIDENTIFIED, unidentified.count, unidentified.of, settings.max_unidentified_percent),
        (Reason.UNREVIEWED, cells.unreviewed, cells.total, settings.max_unreviewed_percent),
    )
    for reason, count, of, limit in shares:
        if 100 * count > limit * of:
            message = _("%(what)s %(count)s of %(of)s; the laboratory allows %(limit)s %%.") % {
                "what": reason.label,
                "count": count,
                "of": of,
                "limit": f"{limit:g}",
            }
            yield Obstacle(reason=reason, message=message, count=count, of=of, limit_percent=limit)
