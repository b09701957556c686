"""One attempt at a job, in the worker."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, connection

from hemascope.errors import BundleError, HemascopeError, InputError, JobCancelledError, JobError, JobLostError
from hemascope.web.jobs.actions import job_claim, job_retry_or_give_up
from hemascope.web.jobs.body import find_body
from hemascope.web.jobs.choices import JobStatus
from hemascope.web.jobs.handle import JobHandle
from hemascope.web.jobs.models import Job

_log = structlog.get_logger("hemascope.web.jobs")
_FINAL = (InputError, BundleError, JobError)  # the same input will fail the same way


def execute(job_id: UUID) -> None:
    """Claims the job and runs its body to one of its ends; does nothing where it is not there to be claimed."""
    handle = job_claim(job_id=job_id)
    if handle is None:
        return
    with structlog.contextvars.bound_contextvars(job_id=str(job_id), attempt=handle.attempt):
        _log.info("started")
        job = Job.objects.get(pk=job_id)
        with heartbeat(handle), failing_alone(handle):
            find_body(job.body)(handle, **job.arguments)
            handle.finish(JobStatus.DONE)  # changes nothing where the body has ended it
        _log.info("left", status=Job.objects.filter(pk=job_id).values_list("status", flat=True).first())


@contextmanager
def failing_alone(handle: JobHandle) -> Iterator[None]:
    """Whatever the block raises ends this attempt at the job, visibly, and goes no further."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the boundary: whatever a body raises becomes the job's visible reason
        _end_attempt(handle, error)


@contextmanager
def taken_along(job_ids: Iterable[UUID]) -> Iterator[list[JobHandle]]:
    """Further waiting jobs, claimed to be done in one go with the worker's own; their messages then find them taken.

    Left out are those that another worker was quicker with. What the block raises ends the attempts at all of them.
    """
    handles = [handle for job_id in job_ids if (handle := job_claim(job_id=job_id))]
    if handles:
        _log.info("took along", job_ids=[str(handle.job_id) for handle in handles])
    with heartbeat(*handles):
        try:
            yield handles
        except Exception as error:
            for handle in handles:
                _end_attempt(handle, error)
            raise


def _end_attempt(handle: JobHandle, error: Exception) -> None:
    log = _log.bind(job_id=str(handle.job_id))
    if isinstance(error, JobLostError):
        log.warning("lost to another worker")
        return
    if isinstance(error, JobCancelledError):
        handle.finish(JobStatus.CANCELLED)
        return
    log.warning("failed", exc_info=error)
    code, message = "server_error", f"{type(error).__name__}; see the log"
    if isinstance(error, HemascopeError):
        code, message = error.code, str(error)
    is_final = isinstance(error, _FINAL)
    job_retry_or_give_up(handle=handle, error_code=code, error_message=message, is_final=is_final)


@contextmanager
def heartbeat(*handles: JobHandle) -> Iterator[None]:
    """Renews the leases in a thread, so that a long step does not look like a dead worker."""
    stop = Event()
    thread = Thread(target=_beat, args=(handles, stop), daemon=True, name="heartbeat")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beat(handles: Sequence[JobHandle], stop: Event) -> None:
    try:
        while handles and not stop.wait(settings.JOB_LEASE_S / 3):
            try:
                handles = [handle for handle in handles if handle.renew()]
            except DatabaseError as error:  # the next beat may come through; three are missed before the lease ends
                _log.warning("lease not renewed", exc_info=error)
    finally:
        connection.close()
