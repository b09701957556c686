"""`audit_verify`: whether anybody changed, removed or inserted an event."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hemascope.errors import AuditChainError
from hemascope.web.audit.selectors import audit_verify


class Command(BaseCommand):
    help = "Check the hash chain of the audit trail; exit code 1 where it is broken."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            events = audit_verify()
        except AuditChainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"the audit trail is whole: {events} events")
