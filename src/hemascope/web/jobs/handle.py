"""What a running job holds: proof that it still owns its work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from hemascope.errors import JobCancelledError, JobLostError
from hemascope.web.jobs.choices import JobStatus
from hemascope.web.jobs.models import Job


def lease_end() -> Any:
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_S)


@dataclass(frozen=True, slots=True)
class JobHandle:
    """`owner` is the fencing token: another worker that took the job over has another one."""

    job_id: UUID
    owner: str
    attempt: int  # 1, 2, ...

    def owned(self) -> QuerySet[Job]:
        """The job's row while this handle owns it, else nothing."""
        return Job.objects.filter(pk=self.job_id, owner=self.owner, status=JobStatus.RUNNING)

    def renew(self) -> bool:
        """Says that the worker lives; False where the job was taken over."""
        return bool(self.owned().update(lease_until=lease_end()))

    def progress(self, done: int, total: int) -> None:
        """Called between steps. Raises JobLostError or JobCancelledError where the job is to stop."""
        if not self.owned().update(progress_done=done, progress_total=total, lease_until=lease_end()):
            raise self._lost()
        if self.owned().filter(is_cancel_wanted=True).exists():
            raise JobCancelledError(f"job {self.job_id} was cancelled")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that another worker cannot step into. Raises JobLostError where the job was taken over.

        For results of a part, written so that writing them again changes nothing.
        """
        with transaction.atomic():
            if self.owned().select_for_update().first() is None:
                raise self._lost()
            yield

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """As `writing`, and the job is done with the same commit: what is written inside happens exactly once."""
        with self.writing():
            yield
            self.finish(JobStatus.DONE)

    def finish(self, status: JobStatus, error_code: str = "", error_message: str = "") -> None:
        """Ends the job if this handle still owns it."""
        self.owned().update(
            status=status,
            owner="",
            lease_until=None,
            finished_at=timezone.now(),
            error_code=error_code,
            error_message=error_message,
        )

    def _lost(self) -> JobLostError:
        return JobLostError(f"job {self.job_id} has another owner now; attempt {self.attempt} writes nothing")
