"""A job that does nothing: whoever sees it done knows that queue, worker and database work together."""

from hemascope.web.jobs.body import job
from hemascope.web.jobs.handle import JobHandle


@job(max_attempts=1)
def worker_probe(handle: JobHandle) -> None:
    with handle.finishing():
        pass
