from collections.abc import Sequence
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet
from hemascope.web.cases.access import cases_visible_to
from hemascope.web.cases.actions import case_assign, case_create, case_delete, case_update
from hemascope.web.cases.api.filters import CaseFilter
from hemascope.web.cases.api.serializers import (
    AssignmentInputSerializer,
    CaseInputSerializer,
    CaseSerializer,
    CaseSummarySerializer,
    CaseUpdateInputSerializer,
    ReaderSerializer,
)
from hemascope.web.cases.models import Case
from hemascope.web.cases.selectors import case_counts, possible_readers
from hemascope.web.patients.identities import names_shown


class CaseViewSet(RightsViewSet[Case]):
    rights = {
        "list": Right.CASES_READ,
        "retrieve": Right.CASES_READ,
        "summary": Right.CASES_READ,
        "create": Right.CASES_WRITE,
        "partial_update": Right.CASES_WRITE,
        "destroy": Right.CASES_WRITE,
        "assign": Right.CASES_WRITE,
        "readers": Right.CASES_WRITE,
    }
    serializer_class = CaseSerializer
    queryset = Case.objects.none()
    filterset_class = CaseFilter
    ordering = ("-number",)
    ordering_fields = ("number", "state", "collected_on", "created_at", "updated_at", "patient__hospital_number")

    def get_queryset(self) -> QuerySet[Case]:
        return cases_visible_to(self.person)

    def list(self, request: Request) -> Response:
        """The worklist."""
        cases = self.filter_queryset(self.get_queryset())
        # Not joined: the database would sort the columns of every patient along with the cases.
        cases = cases.select_related(None).prefetch_related("patient", "reader", "created_by")
        page = self.paginate_queryset(cases) or []
        return self.get_paginated_response(self._shown(page))

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self._shown([self.get_object()])[0])

    @extend_schema(filters=False, responses=CaseSummarySerializer)
    @action(detail=False, pagination_class=None, filter_backends=[])
    def summary(self, request: Request) -> Response:
        """How many cases are in each state, for the dashboard."""
        by_state, assigned_to_me = case_counts(self.get_queryset(), reader=self.person)
        return Response({"by_state": by_state, "assigned_to_me": assigned_to_me})

    @extend_schema(request=CaseInputSerializer, responses={201: CaseSerializer})
    def create(self, request: Request) -> Response:
        case = case_create(by=self.person, **self.checked(CaseInputSerializer))
        return Response(self._shown([case])[0], status.HTTP_201_CREATED)

    @extend_schema(request=CaseUpdateInputSerializer, responses=CaseSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Refused once the case is signed."""
        changes = self.checked(CaseUpdateInputSerializer, partial=True)
        return Response(self._shown([case_update(by=self.person, case=self.get_object(), **changes)])[0])

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Refused once the case was analysed."""
        case_delete(by=self.person, case=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=AssignmentInputSerializer, responses=CaseSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """Name the reader, or nobody."""
        given = self.checked(AssignmentInputSerializer)
        return Response(self._shown([case_assign(by=self.person, case=self.get_object(), **given)])[0])

    @extend_schema(filters=False, responses=ReaderSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def readers(self, request: Request, pk: str) -> Response:
        """Who can be named as reader of this case."""
        return Response(ReaderSerializer(possible_readers(self.get_object()), many=True).data)

    def _shown(self, cases: Sequence[Case]) -> Sequence[dict[str, Any]]:
        names = names_shown(to=self.person, patients=[case.patient for case in cases])
        serializer = CaseSerializer(cases, many=True, context={"names": names})
        return cast(Sequence[dict[str, Any]], serializer.data)
