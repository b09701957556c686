from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from hemascope.web.jobs.choices import JobStatus
from hemascope.web.jobs.models import Job

_LATELY = timedelta(days=1)
_UNATTENDED = timedelta(minutes=2)  # longer than a lease and a sweep


@dataclass(frozen=True, slots=True)
class QueueCounts:
    waiting: int
    running: int
    failed: int  # given up in the last day


def queue_counts(jobs: QuerySet[Job]) -> QueueCounts:
    waiting, running = (jobs.filter(status=status).count() for status in (JobStatus.QUEUED, JobStatus.RUNNING))
    failed = jobs.filter(status=JobStatus.FAILED, finished_at__gte=timezone.now() - _LATELY).count()
    return QueueCounts(waiting, running, failed)


def unattended_since() -> datetime | None:
    """When the job became ready that nobody takes; None where a worker is at work, or nothing waits for long."""
    now = timezone.now()
    if Job.objects.filter(status=JobStatus.RUNNING, lease_until__gt=now).exists():
        return None
    limit = now - _UNATTENDED
    left = Q(status=JobStatus.QUEUED, not_before__lte=limit) | Q(status=JobStatus.RUNNING, lease_until__lte=limit)
    oldest: datetime | None = Job.objects.filter(left).aggregate(oldest=Min("not_before"))["oldest"]
    return oldest


def jobs_by_status() -> dict[str, int]:
    """Every status, with 0 where no job has it."""
    counted = dict(Job.objects.order_by().values_list("status").annotate(Count("pk")))
    return {status: counted.get(status, 0) for status in JobStatus.values}
