import json
from typing import Any

from rest_framework import serializers

from hemascope.web.audit.models import AuditEvent


class VerificationSerializer(serializers.Serializer[Any]):
    events = serializers.IntegerField(allow_null=True, help_text="All of them untouched; null where one is not.")
    problem = serializers.CharField(help_text="The first event that was altered or is missing; empty: none.")


class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    changes = serializers.SerializerMethodField()

    class Meta:
        model = AuditEvent
        fields = (
            "sequence", "at", "actor", "actor_name", "verb", "subject_type", "subject_id", "request_id",
            "remote_address", "changes", "hash",
        )  # fmt: skip
        read_only_fields = fields

    def get_changes(self, event: AuditEvent) -> dict[str, Any]:
        changes: dict[str, Any] = json.loads(event.changes)
        return changes
