import django_filters
from django.db.models import Q, QuerySet

from hemascope.web.audit.models import AuditEvent


class AuditEventFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="by_text", label="Part of verb, name, changes or address.")
    at_from = django_filters.IsoDateTimeFilter("at", "gte")
    at_to = django_filters.IsoDateTimeFilter("at", "lt")

    class Meta:
        model = AuditEvent
        fields = ("verb", "actor", "subject_type", "subject_id", "request_id")

    def by_text(self, events: QuerySet[AuditEvent], _name: str, value: str) -> QuerySet[AuditEvent]:
        return events.filter(
            Q(verb__icontains=value)
            | Q(actor_name__icontains=value)
            | Q(changes__icontains=value)
            | Q(remote_address__icontains=value)
        )
