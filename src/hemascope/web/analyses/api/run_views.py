"""Detection and recognition runs: ordered for a case, followed and cancelled by their id."""

from django.db.models import QuerySet
from django.shortcuts import get_list_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.web.analyses.access import detection_runs_visible_to, fields_visible_to, recognition_runs_visible_to
from hemascope.web.analyses.actions import detection_run_start, recognition_run_start, run_cancel
from hemascope.web.analyses.api.case_views import CaseViewSet
from hemascope.web.analyses.api.serializers import (
    DetectionRunInputSerializer,
    DetectionRunSerializer,
    RecognitionRunInputSerializer,
    RecognitionRunSerializer,
)
from hemascope.web.analyses.models import DetectionRun, RecognitionRun
from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet

_OF_CASE = {"list": Right.ANALYSES_READ, "create": Right.ANALYSES_RUN}
_OF_RUN = {"retrieve": Right.ANALYSES_READ, "cancel": Right.ANALYSES_RUN}


class CaseDetectionRunsViewSet(mixins.ListModelMixin, CaseViewSet[DetectionRun]):
    rights = _OF_CASE
    serializer_class = DetectionRunSerializer
    queryset = DetectionRun.objects.none()
    ordering = ("-created_at",)

    def get_queryset(self) -> QuerySet[DetectionRun]:
        return detection_runs_visible_to(self.person).filter(case=self.case)

    @extend_schema(request=DetectionRunInputSerializer, responses={201: DetectionRunSerializer})
    def create(self, request: Request, case_pk: int) -> Response:
        """Answers at once; ask for the run again to follow it."""
        values = self.checked(DetectionRunInputSerializer)
        if numbers := values.pop("fields", []):
            values["fields"] = get_list_or_404(fields_visible_to(self.person), case=self.case, pk__in=numbers)
        run = detection_run_start(by=self.person, case=self.case, **values)
        return Response(DetectionRunSerializer(run).data, status.HTTP_201_CREATED)


class CaseRecognitionRunsViewSet(mixins.ListModelMixin, CaseViewSet[RecognitionRun]):
    rights = _OF_CASE
    serializer_class = RecognitionRunSerializer
    queryset = RecognitionRun.objects.none()
    ordering = ("-created_at",)

    def get_queryset(self) -> QuerySet[RecognitionRun]:
        return recognition_runs_visible_to(self.person).filter(case=self.case)

    @extend_schema(request=RecognitionRunInputSerializer, responses={201: RecognitionRunSerializer})
    def create(self, request: Request, case_pk: int) -> Response:
        """Answers at once; what readers have said stays as it is."""
        run = recognition_run_start(by=self.person, case=self.case, **self.checked(RecognitionRunInputSerializer))
        return Response(RecognitionRunSerializer(run).data, status.HTTP_201_CREATED)


class DetectionRunViewSet(mixins.RetrieveModelMixin, RightsViewSet[DetectionRun]):
    rights = _OF_RUN
    serializer_class = DetectionRunSerializer
    queryset = DetectionRun.objects.none()

    def get_queryset(self) -> QuerySet[DetectionRun]:
        return detection_runs_visible_to(self.person)

    @extend_schema(request=None, responses=DetectionRunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """A waiting run ends at once, a running one at its next field; what it has found stays."""
        return Response(DetectionRunSerializer(run_cancel(by=self.person, run=self.get_object())).data)


class RecognitionRunViewSet(mixins.RetrieveModelMixin, RightsViewSet[RecognitionRun]):
    rights = _OF_RUN
    serializer_class = RecognitionRunSerializer
    queryset = RecognitionRun.objects.none()

    def get_queryset(self) -> QuerySet[RecognitionRun]:
        return recognition_runs_visible_to(self.person)

    @extend_schema(request=None, responses=RecognitionRunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """A waiting run ends at once, a running one at its next batch; what it has named stays."""
        return Response(RecognitionRunSerializer(run_cancel(by=self.person, run=self.get_object())).data)
