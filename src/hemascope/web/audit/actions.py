"""Appending to the audit trail."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from hemascope.web.audit.models import AuditEvent, AuditHead
from hemascope.web.http.request_context import current_request

if TYPE_CHECKING:
    from hemascope.web.accounts.models import User


def audit_record(
    *,
    by: "User | None",
    verb: str,
    subject: models.Model | None = None,
    changes: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Appends one event; called as the last step of an action, inside the transaction of what it tells of.

    `changes` never holds passwords, tokens or a patient's identity: name the field, leave out the value.
    Raises TransactionManagementError outside of a transaction, where the deed could be kept and its event lost.
    """
    if not transaction.get_connection().in_atomic_block:
        raise TransactionManagementError(f"audit_record('{verb}') needs transaction.atomic around action and event")
    head = AuditHead.objects.select_for_update().get(pk=1)
    request = current_request()
    event = AuditEvent(
        sequence=head.sequence + 1,
        at=timezone.now(),
        actor=by,
        actor_name=by.username if by else "",
        verb=verb,
        subject_type=subject._meta.label_lower if subject else "",
        subject_id=str(subject.pk) if subject else "",
        request_id=request.request_id,
        remote_address=request.remote_address,
        changes=json.dumps(changes or {}, cls=DjangoJSONEncoder, ensure_ascii=False, sort_keys=True),
        previous_hash=head.hash,
    )
    event.hash = event.content_hash()
    event.save(force_insert=True)
    head.sequence, head.hash = event.sequence, event.hash
    head.save()
    return event
