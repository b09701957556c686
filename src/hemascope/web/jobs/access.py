"""Everybody sees the jobs they asked for; `jobs.read` shows all."""

from typing import TYPE_CHECKING

from django.db.models import QuerySet

from hemascope.web.api.roles import Right, has_right
from hemascope.web.jobs.models import Job

if TYPE_CHECKING:
    from hemascope.web.accounts.models import User


def jobs_visible_to(person: "User") -> QuerySet[Job]:
    jobs = Job.objects.select_related("requested_by")
    return jobs if has_right(person, Right.JOBS_READ) else jobs.filter(requested_by=person)
