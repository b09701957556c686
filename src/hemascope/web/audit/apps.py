from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "hemascope.web.audit"
