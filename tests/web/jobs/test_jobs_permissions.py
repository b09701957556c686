from hemascope.web.accounts.models import User
from web.jobs.builders import make_job
from web.permission_checks import EVERY_ROLE, Endpoint, permission_checks

NOT_ADMINISTRATORS = EVERY_ROLE - {"administrator"}


def job_of(owner: User) -> object:
    return make_job(by=owner)


TestJobs = permission_checks(
    Endpoint("get", "jobs", EVERY_ROLE),
    Endpoint("get", "jobs/{pk}", EVERY_ROLE, row=job_of, hidden_from=NOT_ADMINISTRATORS),
    Endpoint("post", "jobs/{pk}/cancel", EVERY_ROLE, row=job_of, hidden_from=NOT_ADMINISTRATORS),
)
