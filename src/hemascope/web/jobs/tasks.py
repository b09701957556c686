"""The one task that travels through the queue."""

from uuid import UUID

from django_tasks import task

from hemascope.web.jobs.execution import execute


@task()
def job_run(job_id: str) -> None:
    """Whichever engine delivers it, however often."""
    execute(UUID(job_id))
