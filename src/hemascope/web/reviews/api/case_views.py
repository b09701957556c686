"""The review of one case: how far it is, what changed, undo and redo."""

from typing import Any

from django.db.models import Count, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from hemascope.web.analyses.api.case_views import CaseViewSet
from hemascope.web.api.pagination import CursorPages
from hemascope.web.api.roles import Right
from hemascope.web.reviews.actions import review_redo, review_undo
from hemascope.web.reviews.api.serializers import (
    CaseProgressSerializer,
    ChangesInputSerializer,
    ChangesSerializer,
    ReferencesInputSerializer,
    ReferencesSerializer,
    ReviewStepSerializer,
    StepOutcomeSerializer,
)
from hemascope.web.reviews.models import ReviewStep
from hemascope.web.reviews.selectors import case_changes, case_progress, reference_cells


class CaseReviewViewSet(mixins.ListModelMixin, CaseViewSet[ReviewStep]):
    rights = {
        "list": Right.REVIEWS_READ,
        "progress": Right.REVIEWS_READ,
        "changes": Right.REVIEWS_READ,
        "references": Right.REVIEWS_READ,
        "undo": Right.REVIEWS_WRITE,
        "redo": Right.REVIEWS_WRITE,
    }
    serializer_class = ReviewStepSerializer
    queryset = ReviewStep.objects.none()
    pagination_class = CursorPages
    filterset_fields = ("reader", "verb")
    ordering = ("-pk",)

    def get_queryset(self) -> QuerySet[ReviewStep]:
        return ReviewStep.objects.filter(case=self.case).annotate(cells=Count("changes"))

    @extend_schema(filters=False, responses=CaseProgressSerializer)
    def progress(self, request: Request, case_pk: int) -> Response:
        """How many cells each class has, and how many of them are confirmed."""
        return Response(CaseProgressSerializer(case_progress(self.case)).data)

    @extend_schema(filters=False, parameters=[ChangesInputSerializer], responses=ChangesSerializer)
    def changes(self, request: Request, case_pk: int) -> Response:
        """Cells changed after `since`, whoever changed them. Begin with the `sequence` of the progress."""
        found = case_changes(self.case, self._query(ChangesInputSerializer)["since"])
        return Response(ChangesSerializer(found).data)

    @extend_schema(filters=False, parameters=[ReferencesInputSerializer], responses=ReferencesSerializer)
    def references(self, request: Request, case_pk: int) -> Response:
        """Confirmed cells of two competing classes, from specimens of the same kind."""
        asked = self._query(ReferencesInputSerializer)
        found = {name: reference_cells(self.person, self.case, class_id) for name, class_id in asked.items()}
        return Response(ReferencesSerializer(found).data)

    @extend_schema(filters=False, request=None, responses=StepOutcomeSerializer)
    def undo(self, request: Request, case_pk: int) -> Response:
        """Takes back one's own last step. Cells that a colleague changed since stay, and are conflicts."""
        return Response(StepOutcomeSerializer(review_undo(by=self.person, case=self.case)).data)

    @extend_schema(filters=False, request=None, responses=StepOutcomeSerializer)
    def redo(self, request: Request, case_pk: int) -> Response:
        """Does again what the last undo took back."""
        return Response(StepOutcomeSerializer(review_redo(by=self.person, case=self.case)).data)

    def _query(self, serializer: type[BaseSerializer[Any]]) -> dict[str, Any]:
        given = serializer(data=self.request.query_params)
        given.is_valid(raise_exception=True)
        values: dict[str, Any] = given.validated_data
        return values
