from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.errors import AuditChainError
from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet
from hemascope.web.audit.access import events
from hemascope.web.audit.api.filters import AuditEventFilter
from hemascope.web.audit.api.serializers import AuditEventSerializer, VerificationSerializer
from hemascope.web.audit.models import AuditEvent
from hemascope.web.audit.selectors import audit_lines, audit_verify


class AuditEventViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, RightsViewSet[AuditEvent]):
    rights = dict.fromkeys(("list", "retrieve", "export", "verification"), Right.AUDIT_READ)
    serializer_class = AuditEventSerializer
    queryset = AuditEvent.objects.none()
    filterset_class = AuditEventFilter
    ordering = ("-sequence",)
    ordering_fields = ("sequence", "at")

    def get_queryset(self) -> QuerySet[AuditEvent]:
        return events()

    @extend_schema(filters=False, responses={(200, "application/x-ndjson"): OpenApiTypes.STR})
    @action(detail=False, pagination_class=None, filter_backends=[])
    def export(self, request: Request) -> StreamingHttpResponse:
        """The whole trail, one JSON object a line, oldest first."""
        return StreamingHttpResponse(
            audit_lines(),
            content_type="application/x-ndjson",
            headers={"Content-Disposition": 'attachment; filename="audit.ndjson"'},
        )

    @extend_schema(filters=False, responses=VerificationSerializer)
    @action(detail=False, pagination_class=None, filter_backends=[])
    def verification(self, request: Request) -> Response:
        """Whether the chain of hashes is whole; reads every event, so ask when somebody wants to know."""
        try:
            return Response({"events": audit_verify(), "problem": ""})
        except AuditChainError as error:
            return Response({"events": None, "problem": str(error)})
