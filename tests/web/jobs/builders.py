from typing import Any

from hemascope.web.accounts.models import User
from hemascope.web.jobs.body import JobBody
from hemascope.web.jobs.models import Job
from web.jobs.bodies import note_once


def make_job(body: JobBody = note_once, *, by: User | None = None, **values: Any) -> Job:
    """Waiting, but not sent to any queue."""
    values = {"arguments": {"note": "n"}, "max_attempts": body.max_attempts} | values
    return Job.objects.create(body=body.path, requested_by=by, **values)
