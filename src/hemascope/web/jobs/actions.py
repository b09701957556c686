"""Ordering, claiming, cancelling and recovering jobs. Every change of state is one conditional UPDATE."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from hemascope.errors import ConflictError
from hemascope.web.audit.actions import audit_record
from hemascope.web.jobs.body import JobBody
from hemascope.web.jobs.choices import JobStatus
from hemascope.web.jobs.handle import JobHandle, lease_end
from hemascope.web.jobs.models import Job

if TYPE_CHECKING:
    from hemascope.web.accounts.models import User

_log = structlog.get_logger("hemascope.web.jobs")
_SEND_AGAIN = timedelta(minutes=15)  # a queue that lost a message; a second one does no harm


def job_enqueue(*, by: "User | None", body: JobBody, arguments: Mapping[str, Any]) -> Job:
    """The job is there when the caller's transaction commits, and not at all where it rolls back."""
    job = Job.objects.create(body=body.path, arguments=dict(arguments), max_attempts=body.max_attempts, requested_by=by)
    # robust: where the queue cannot be reached the job waits in its table for the sweep
    transaction.on_commit(lambda: job_send(job=job), robust=True)
    return job


def job_send(*, job: Job) -> None:
    """Raises QueueUnreachableError; the message may come twice, which `job_claim` makes harmless."""
    from hemascope.web.jobs.tasks import job_run  # the task needs its backend, which needs loaded apps

    job_run.enqueue(str(job.pk))
    Job.objects.filter(pk=job.pk).update(sent_at=timezone.now())


def job_claim(*, job_id: uuid.UUID) -> JobHandle | None:
    """Makes the caller the owner; None where the job is not waiting, as with a message that came twice."""
    owner = uuid.uuid4().hex
    now = timezone.now()
    claimed = Job.objects.filter(pk=job_id, status=JobStatus.QUEUED, not_before__lte=now).update(
        status=JobStatus.RUNNING, owner=owner, lease_until=lease_end(), attempts=F("attempts") + 1, started_at=now
    )
    if not claimed:
        return None
    return JobHandle(job_id, owner, Job.objects.get(pk=job_id).attempts)


@transaction.atomic
def job_cancel(*, by: "User", job: Job) -> Job:
    """A waiting job ends at once, a running one at its next step. Raises ConflictError for one that has ended."""
    waiting = Job.objects.filter(pk=job.pk, status=JobStatus.QUEUED)
    if not waiting.update(status=JobStatus.CANCELLED, finished_at=timezone.now(), is_cancel_wanted=True):
        running = Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING)
        if not running.update(is_cancel_wanted=True):
            raise ConflictError(_("the job has ended already"))
    audit_record(by=by, verb="job.cancel", subject=job)
    job.refresh_from_db()
    return job


def job_retry_or_give_up(*, handle: JobHandle, error_code: str, error_message: str, is_final: bool) -> None:
    """After a failed attempt: back to the queue, later each time, or given up with the reason."""
    if is_final or handle.owned().filter(attempts__gte=F("max_attempts")).exists():
        handle.finish(JobStatus.FAILED, error_code, error_message)
        return
    wait = timedelta(seconds=settings.JOB_RETRY_S * 2 ** (handle.attempt - 1))
    handle.owned().update(
        status=JobStatus.QUEUED,
        owner="",
        lease_until=None,
        not_before=timezone.now() + wait,
        sent_at=None,
        error_code=error_code,
        error_message=error_message,
    )


def jobs_recover() -> None:
    """What every worker does now and then: takes jobs off dead owners, and sends what was not sent."""
    for job in Job.objects.filter(status=JobStatus.RUNNING, lease_until__lt=timezone.now()):
        _take_off(job)
    now = timezone.now()
    unsent = Q(sent_at=None) | Q(sent_at__lt=now - _SEND_AGAIN)
    for job in Job.objects.filter(unsent, status=JobStatus.QUEUED, not_before__lte=now).order_by("created_at"):
        job_send(job=job)


def _take_off(job: Job) -> None:
    dead = Job.objects.filter(pk=job.pk, owner=job.owner, status=JobStatus.RUNNING, lease_until__lt=timezone.now())
    if job.is_cancel_wanted:
        values = {"status": JobStatus.CANCELLED, "finished_at": timezone.now()}
    elif job.attempts >= job.max_attempts:
        reason = f"the worker died during each of {job.attempts} attempts; see its log, memory is the usual reason"
        values = {
            "status": JobStatus.FAILED,
            "finished_at": timezone.now(),
            "error_code": "worker_lost",
            "error_message": reason,
        }
    else:
        values = {"status": JobStatus.QUEUED, "not_before": timezone.now(), "sent_at": None}
    if dead.update(owner="", lease_until=None, **values):
        _log.warning("taken off a dead worker", job_id=str(job.pk), attempts=job.attempts, now=values["status"])
