from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet
from hemascope.web.jobs.access import jobs_visible_to
from hemascope.web.jobs.actions import job_cancel
from hemascope.web.jobs.api.serializers import JobSerializer
from hemascope.web.jobs.models import Job


class JobViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, RightsViewSet[Job]):
    rights = {"list": Right.SIGNED_IN, "retrieve": Right.SIGNED_IN, "cancel": Right.SIGNED_IN}
    serializer_class = JobSerializer
    queryset = Job.objects.none()
    filterset_fields = ("status",)
    ordering = ("-created_at",)
    ordering_fields = ("created_at", "finished_at", "status")

    def get_queryset(self) -> QuerySet[Job]:
        return jobs_visible_to(self.person)

    @extend_schema(request=None, responses=JobSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """A waiting job ends at once, a running one at its next step."""
        return Response(JobSerializer(job_cancel(by=self.person, job=self.get_object())).data)
