from typing import Any

from django.db import transaction

from hemascope.web.accounts.models import User
from hemascope.web.audit.actions import audit_record
from hemascope.web.audit.models import AuditEvent


def make_event(verb: str = "case.create", *, by: User | None = None, **changes: Any) -> AuditEvent:
    with transaction.atomic():
        return audit_record(by=by, verb=verb, changes=changes)
