"""The audit trail. Each event carries the hash of the one before: a changed, removed or inserted one shows."""

import hashlib
import json
from typing import Any, NoReturn

from django.conf import settings
from django.db import models

GENESIS_HASH = "0" * 64  # stands before the first event


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def update(self, **_values: Any) -> NoReturn:
        raise TypeError("the audit trail is append-only: events are never changed")

    def delete(self) -> NoReturn:
        raise TypeError("the audit trail is append-only: events are never deleted")


class AuditEvent(models.Model):
    """Who did what to what, when, from where. Written by `audit_record` only."""

    sequence = models.PositiveBigIntegerField(primary_key=True)  # 1, 2, ... without gaps
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=150, blank=True)  # as it was then; empty for the system itself
    verb = models.CharField(max_length=80, db_index=True)  # "user.approve"
    subject_type = models.CharField(max_length=80, blank=True)  # "accounts.user"
    subject_id = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    remote_address = models.CharField(max_length=45, blank=True)
    changes = models.TextField()  # canonical JSON as text: a database's JSON type may write it differently
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ("-sequence",)
        indexes = (
            models.Index(fields=["subject_type", "subject_id"]),
            models.Index(fields=["at"]),
            models.Index(fields=["actor", "at"]),
        )

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"the audit trail is append-only: event {self.sequence} is never changed")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError(f"the audit trail is append-only: event {self.sequence} is never deleted")

    def content_hash(self) -> str:
        """SHA-256 over every column but `hash`, as 64 hexadecimal digits."""
        content = [
            self.sequence,
            self.at.isoformat(timespec="microseconds"),
            self.actor_id,
            self.actor_name,
            self.verb,
            self.subject_type,
            self.subject_id,
            self.request_id,
            self.remote_address,
            self.changes,
            self.previous_hash,
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


class AuditHead(models.Model):
    """One row: the end of the chain. Whoever appends holds it locked, so that events have one order."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=GENESIS_HASH)
