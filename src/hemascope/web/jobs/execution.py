"""One attempt at a job, in the worker."""

from collections.abc import Iterator
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
        with heartbeat(handle):
            _attempt(handle)


def _attempt(handle: JobHandle) -> None:
    job = Job.objects.get(pk=handle.job_id)
    try:
        find_body(job.body)(handle, **job.arguments)
    except JobLostError:
        _log.warning("lost to another worker")
    except JobCancelledError:
        handle.finish(JobStatus.CANCELLED)
        _log.info("cancelled")
    except Exception as error:  # noqa: BLE001 - the boundary: whatever a body raises becomes the job's visible reason
        _log.warning("failed", exc_info=error)
        job_retry_or_give_up(
            handle=handle,
            error_code=error.code if isinstance(error, HemascopeError) else "server_error",
            error_message=str(error) if isinstance(error, HemascopeError) else f"{type(error).__name__}; see the log",
            is_final=isinstance(error, _FINAL),
        )
    else:
        handle.finish(JobStatus.DONE)  # changes nothing after `finishing`
        _log.info("done")


@contextmanager
def heartbeat(handle: JobHandle) -> Iterator[None]:
    """Renews the lease in a thread, so that a long step does not look like a dead worker."""
    stop = Event()
    thread = Thread(target=_beat, args=(handle, stop), daemon=True, name=f"heartbeat-{handle.job_id}")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beat(handle: JobHandle, stop: Event) -> None:
    try:
        while not stop.wait(settings.JOB_LEASE_S / 3):
            try:
                if not handle.renew():
                    return
            except DatabaseError as error:  # the next beat may come through; three are missed before the lease ends
                _log.warning("lease not renewed", exc_info=error)
    finally:
        connection.close()
