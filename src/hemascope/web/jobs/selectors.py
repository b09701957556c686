from django.db.models import Count

from hemascope.web.jobs.choices import JobStatus
from hemascope.web.jobs.models import Job


def jobs_by_status() -> dict[str, int]:
    """Every status, with 0 where no job has it."""
    counted = dict(Job.objects.order_by().values_list("status").annotate(Count("pk")))
    return {status: counted.get(status, 0) for status in JobStatus.values}
