"""Who may read the audit trail is one right, `audit.read`; whoever has it reads all of it."""

from django.db.models import QuerySet

from hemascope.web.audit.models import AuditEvent


def events() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.all()
