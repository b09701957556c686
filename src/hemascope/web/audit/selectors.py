"""Reading the audit trail, and finding out whether it is whole."""

import json
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from hemascope.errors import AuditChainError
from hemascope.web.audit.models import GENESIS_HASH, AuditEvent, AuditHead

_CHUNK = 2000  # rows in memory at a time


def audit_verify() -> int:
    """The number of events, all of them untouched. Raises AuditChainError that names the first that is not."""
    expected_sequence, previous_hash = 0, GENESIS_HASH
    for event in AuditEvent.objects.order_by("sequence").iterator(_CHUNK):
        expected_sequence += 1
        if event.sequence != expected_sequence:
            raise AuditChainError(
                _("event %(number)s of the audit trail is missing; restore it from a backup")
                % {"number": expected_sequence}
            )
        if event.previous_hash != previous_hash or event.content_hash() != event.hash:
            raise AuditChainError(
                _(
                    "event %(number)s of the audit trail (%(verb)s, %(at)s) or the one before was altered; "
                    "compare with a backup or an export"
                )
                % {"number": event.sequence, "verb": event.verb, "at": f"{event.at:%Y-%m-%d %H:%M}"}
            )
        previous_hash = event.hash
    head = AuditHead.objects.filter(pk=1).first()
    end = (head.sequence, head.hash) if head else (0, GENESIS_HASH)
    if end != (expected_sequence, previous_hash):
        raise AuditChainError(
            _("the audit trail ends with event %(number)s, but %(written)s were written; restore the end from a backup")
            % {"number": expected_sequence, "written": end[0]}
        )
    return expected_sequence


def audit_lines(after: int = 0) -> Iterator[str]:
    """The events behind number `after` as JSON objects, one a line, oldest first."""
    for event in AuditEvent.objects.filter(sequence__gt=after).order_by("sequence").iterator(_CHUNK):
        yield json.dumps(_as_json(event), ensure_ascii=False) + "\n"


def _as_json(event: AuditEvent) -> dict[str, Any]:
    names = [field.attname for field in event._meta.concrete_fields]
    return {name: getattr(event, name) for name in names} | {
        "at": event.at.isoformat(timespec="microseconds"),
        "changes": json.loads(event.changes),
    }
