"""Cells of all cases: the gallery, the table, and what readers do to them."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from hemascope.web.analyses.access import cells_visible_to, fields_visible_to
from hemascope.web.analyses.api.serializers import CellSerializer
from hemascope.web.analyses.models import Cell, Field
from hemascope.web.api.pagination import CursorPages
from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet
from hemascope.web.reviews.access import table_cells_visible_to
from hemascope.web.reviews.actions import (
    cell_draw,
    cell_move,
    cells_confirm,
    cells_delete,
    cells_relabel,
    cells_restore,
    cells_unconfirm,
)
from hemascope.web.reviews.api.filters import CellFilter
from hemascope.web.reviews.api.serializers import (
    CellsInputSerializer,
    DrawInputSerializer,
    LabelChangeSerializer,
    MoveInputSerializer,
    RelabelInputSerializer,
    StepOutcomeSerializer,
    TableCellSerializer,
)
from hemascope.web.reviews.exports import cells_csv
from hemascope.web.reviews.models import LabelChange
from hemascope.web.reviews.steps import StepOutcome

_READ = ("list", "retrieve", "history", "export")
_WRITE = ("relabel", "confirm", "unconfirm", "delete", "restore", "move")


class ReviewCellViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, RightsViewSet[Cell]):
    """`?case=&shown_class=&ordering=-ambiguity` is one group of the gallery, `?case=` with it the whole."""

    rights = dict.fromkeys(_READ, Right.REVIEWS_READ) | dict.fromkeys(_WRITE, Right.REVIEWS_WRITE)
    serializer_class = TableCellSerializer
    queryset = Cell.objects.none()
    pagination_class = CursorPages
    filterset_class = CellFilter
    ordering = ("-pk",)
    ordering_fields = ("ambiguity", "updated_at", "pk")

    def get_queryset(self) -> QuerySet[Cell]:
        is_export = self.action == "export"  # names them itself, row by row of a million
        return cells_visible_to(self.person) if is_export else table_cells_visible_to(self.person)

    def filter_queryset(self, queryset: QuerySet[Cell, Any]) -> QuerySet[Cell, Any]:
        """Lists leave out deleted cells unless they are asked for; one that is named is found anyway."""
        asked = self.request.query_params
        if asked.get("ordering", "pk").lstrip("-") != "pk" and not asked.get("case"):  # would sort a million rows
            message = _("Cells of all cases come in the order of `pk`; name a case for others.")
            raise ValidationError({"ordering": message})
        filtered = super().filter_queryset(queryset)
        is_list = self.action in ("list", "export") and "is_deleted" not in asked
        return filtered.filter(is_deleted=False) if is_list else filtered

    @extend_schema(responses=LabelChangeSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def history(self, request: Request, pk: str) -> Response:
        """Everything readers did to the cell, the oldest first."""
        changes = LabelChange.objects.filter(cell=self.get_object()).select_related("step__reader")
        return Response(LabelChangeSerializer(changes, many=True).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=False, pagination_class=None)
    def export(self, request: Request) -> StreamingHttpResponse:
        """The filtered table as CSV."""
        return StreamingHttpResponse(
            cells_csv(self.filter_queryset(self.get_queryset())),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="cells.csv"'},
        )

    @extend_schema(request=RelabelInputSerializer, responses=StepOutcomeSerializer)
    @action(detail=False, methods=["post"])
    def relabel(self, request: Request) -> Response:
        """Names and confirms cells, one or many, of one or several cases."""
        return self._step(cells_relabel, RelabelInputSerializer)

    @extend_schema(request=CellsInputSerializer, responses=StepOutcomeSerializer)
    @action(detail=False, methods=["post"])
    def confirm(self, request: Request) -> Response:
        """Makes the shown class the reader's word."""
        return self._step(cells_confirm)

    @extend_schema(request=CellsInputSerializer, responses=StepOutcomeSerializer)
    @action(detail=False, methods=["post"])
    def unconfirm(self, request: Request) -> Response:
        return self._step(cells_unconfirm)

    @extend_schema(request=CellsInputSerializer, responses=StepOutcomeSerializer)
    @action(detail=False, methods=["post"])
    def delete(self, request: Request) -> Response:
        """They count no more; `restore` brings them back."""
        return self._step(cells_delete)

    @extend_schema(request=CellsInputSerializer, responses=StepOutcomeSerializer)
    @action(detail=False, methods=["post"])
    def restore(self, request: Request) -> Response:
        return self._step(cells_restore)

    @extend_schema(request=MoveInputSerializer, responses=CellSerializer)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        """Moves or resizes the box; the model names it anew in a job."""
        cell = cell_move(by=self.person, cell=self.get_object(), **self.checked(MoveInputSerializer))
        return Response(CellSerializer(cell).data)

    def _step(
        self,
        act: Callable[..., StepOutcome],
        serializer: type[BaseSerializer[object]] = CellsInputSerializer,
    ) -> Response:
        """Raises Http404 where the person may see none of the cells."""
        outcome = act(by=self.person, **self.checked(serializer))
        if not outcome.cells and all(conflict.code == "not_found" for conflict in outcome.conflicts):
            raise Http404
        return Response(StepOutcomeSerializer(outcome).data)


class DrawnCellViewSet(RightsViewSet[Field]):
    rights = {"create": Right.REVIEWS_WRITE}
    queryset = Field.objects.none()

    def get_queryset(self) -> QuerySet[Field]:
        return fields_visible_to(self.person)

    @extend_schema(request=DrawInputSerializer, responses={201: CellSerializer})
    def create(self, request: Request, pk: int) -> Response:
        """Adds a cell that the detector missed; the model names it in a job."""
        cell = cell_draw(by=self.person, field=self.get_object(), **self.checked(DrawInputSerializer))
        return Response(CellSerializer(cell).data, status.HTTP_201_CREATED)
