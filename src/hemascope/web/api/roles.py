"""Who may do what: the one table of roles and rights."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol, cast

from django.db.models import TextChoices


class Role(TextChoices):
    ADMINISTRATOR = "administrator", "Administrator"  # runs the installation; reads no identities, signs nothing
    DOCTOR = "doctor", "Doctor"
    TECHNICIAN = "technician", "Technician"
    VIEWER = "viewer", "Viewer"


class Right(StrEnum):
    ANYBODY = "anybody"  # also without signing in
    SIGNED_IN = "signed_in"  # one's own account, lists that every page needs
    USERS_MANAGE = "users.manage"  # users and departments
    AUDIT_READ = "audit.read"
    JOBS_READ = "jobs.read"  # the queue of everybody
    PATIENTS_READ = "patients.read"
    PATIENTS_WRITE = "patients.write"
    PATIENTS_IDENTITY = "patients.identity"  # name, ID-card number and phone unmasked
    CASES_READ = "cases.read"
    CASES_WRITE = "cases.write"
    ANALYSES_READ = "analyses.read"
    ANALYSES_RUN = "analyses.run"  # upload fields, start and cancel runs
    REVIEWS_READ = "reviews.read"
    REVIEWS_WRITE = "reviews.write"
    REPORTS_READ = "reports.read"
    REPORTS_SIGN = "reports.sign"  # and amend
    SETTINGS_MANAGE = "settings.manage"  # how the laboratory counts, and what may be signed
    CATALOGUE_READ = "catalogue.read"
    CATALOGUE_MANAGE = "catalogue.manage"


_VIEWER = frozenset(
    {
        Right.ANYBODY,
        Right.SIGNED_IN,
        Right.PATIENTS_READ,
        Right.CASES_READ,
        Right.ANALYSES_READ,
        Right.REVIEWS_READ,
        Right.REPORTS_READ,
        Right.CATALOGUE_READ,
    }
)
_TECHNICIAN = _VIEWER | {
    Right.PATIENTS_WRITE,
    Right.PATIENTS_IDENTITY,
    Right.CASES_WRITE,
    Right.ANALYSES_RUN,
    Right.REVIEWS_WRITE,
}

RIGHTS_OF_ROLE: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: _VIEWER,
    Role.TECHNICIAN: _TECHNICIAN,
    Role.DOCTOR: _TECHNICIAN | {Right.REPORTS_SIGN},
    Role.ADMINISTRATOR: _VIEWER
    | {Right.USERS_MANAGE, Right.AUDIT_READ, Right.JOBS_READ, Right.SETTINGS_MANAGE, Right.CATALOGUE_MANAGE},
}


class _Person(Protocol):
    is_authenticated: bool
    role: str


def has_right(person: object, right: Right) -> bool:
    """`person` is a User or AnonymousUser."""
    if right is Right.ANYBODY:
        return True
    somebody = cast(_Person, person)
    return somebody.is_authenticated and right in RIGHTS_OF_ROLE[Role(somebody.role)]
