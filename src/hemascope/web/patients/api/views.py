from collections.abc import Sequence
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet
from hemascope.web.patients.access import patients_visible_to
from hemascope.web.patients.actions import patient_create, patient_delete, patient_update
from hemascope.web.patients.api.filters import PatientFilter
from hemascope.web.patients.api.serializers import (
    PatientInputSerializer,
    PatientSerializer,
    PatientUpdateInputSerializer,
)
from hemascope.web.patients.identities import identities_shown
from hemascope.web.patients.models import Patient


class PatientViewSet(RightsViewSet[Patient]):
    rights = {
        "list": Right.PATIENTS_READ,
        "retrieve": Right.PATIENTS_READ,
        "create": Right.PATIENTS_WRITE,
        "partial_update": Right.PATIENTS_WRITE,
        "destroy": Right.PATIENTS_WRITE,
    }
    serializer_class = PatientSerializer
    queryset = Patient.objects.none()
    filterset_class = PatientFilter
    ordering = ("-updated_at",)
    ordering_fields = ("hospital_number", "birth_date", "created_at", "updated_at")

    def get_queryset(self) -> QuerySet[Patient]:
        return patients_visible_to(self.person)

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(self._shown(page))

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self._shown([self.get_object()])[0])

    @extend_schema(request=PatientInputSerializer, responses={201: PatientSerializer})
    def create(self, request: Request) -> Response:
        patient = patient_create(by=self.person, **self.checked(PatientInputSerializer))
        return Response(self._shown([patient])[0], status.HTTP_201_CREATED)

    @extend_schema(request=PatientUpdateInputSerializer, responses=PatientSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        changes = self.checked(PatientUpdateInputSerializer, partial=True)
        return Response(self._shown([patient_update(by=self.person, patient=self.get_object(), **changes)])[0])

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Refused while cases hang on the patient."""
        patient_delete(by=self.person, patient=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _shown(self, patients: Sequence[Patient]) -> Sequence[dict[str, Any]]:
        identities = identities_shown(to=self.person, patients=patients)
        serializer = PatientSerializer(patients, many=True, context={"identities": identities})
        return cast(Sequence[dict[str, Any]], serializer.data)
