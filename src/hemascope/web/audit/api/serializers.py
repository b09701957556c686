import json
from typing import Any

from rest_framework import serializers

from hemascope.web.audit.models import AuditEvent


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
