from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "hemascope.web.audit"

    def ready(self) -> None:
        post_migrate.connect(_make_head, sender=self)


def _make_head(sender: AppConfig, **_signal: Any) -> None:
    """The row that `audit_record` locks. Made now: two who both found it missing would deadlock on MariaDB."""
    sender.get_model("AuditHead")._default_manager.get_or_create(pk=1)
