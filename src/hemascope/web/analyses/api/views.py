"""Fields of a case, their pictures, and the pictures of cells."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.errors import ImageTooLargeError
from hemascope.web.analyses.access import cells_visible_to, fields_visible_to
from hemascope.web.analyses.actions import field_delete, fields_upload
from hemascope.web.analyses.api.case_views import CaseViewSet
from hemascope.web.analyses.api.serializers import (
    CellSerializer,
    FieldSerializer,
    FieldUploadInputSerializer,
    UploadOutcomeSerializer,
)
from hemascope.web.analyses.archives import crops_archive
from hemascope.web.analyses.files import cell_picture, display_picture, thumbnail
from hemascope.web.analyses.models import Cell, Field
from hemascope.web.api.roles import Right
from hemascope.web.api.throttling import PictureThrottle
from hemascope.web.api.views import RightsViewSet

_JPEG = {(200, "image/jpeg"): OpenApiTypes.BINARY}


class CaseFieldsViewSet(mixins.ListModelMixin, CaseViewSet[Field]):
    rights = {"list": Right.ANALYSES_READ, "create": Right.ANALYSES_RUN, "crops": Right.ANALYSES_READ}
    serializer_class = FieldSerializer
    queryset = Field.objects.none()
    filterset_fields = ("kind", "state")
    ordering = ("pk",)
    ordering_fields = ("original_name", "created_at", "focus")
    parser_classes = (MultiPartParser,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > settings.UPLOAD_MAX_REQUEST_BYTES:  # before anything of it is read
            raise ImageTooLargeError(
                _("%(bytes)s bytes in one request, the limit is %(limit)s; send parts")
                % {"bytes": f"{length:,}", "limit": f"{settings.UPLOAD_MAX_REQUEST_BYTES:,}"}
            )
        super().initial(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Field]:
        return fields_visible_to(self.person).filter(case=self.case)

    @extend_schema(
        request={"multipart/form-data": FieldUploadInputSerializer},
        responses={200: UploadOutcomeSerializer(many=True)},
        filters=False,
    )
    def create(self, request: Request, case_pk: int) -> Response:
        """Adds images; each file is judged alone, and the same bytes are kept once a case."""
        outcomes = fields_upload(by=self.person, case=self.case, **self.checked(FieldUploadInputSerializer))
        return Response(UploadOutcomeSerializer(outcomes, many=True).data)

    @extend_schema(filters=False, responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def crops(self, request: Request, case_pk: int) -> StreamingHttpResponse:
        """All cells cut out, lossless, in a ZIP archive with one folder a class."""
        return StreamingHttpResponse(
            crops_archive(self.case),
            content_type="application/zip",
            headers={"Content-Disposition": f'attachment; filename="{self.case.number}-crops.zip"'},
        )


class FieldViewSet(mixins.RetrieveModelMixin, RightsViewSet[Field]):
    rights = {
        "retrieve": Right.ANALYSES_READ,
        "image": Right.ANALYSES_READ,
        "thumbnail": Right.ANALYSES_READ,
        "cells": Right.ANALYSES_READ,
        "destroy": Right.ANALYSES_RUN,
    }
    serializer_class = FieldSerializer
    queryset = Field.objects.none()

    def get_queryset(self) -> QuerySet[Field]:
        return fields_visible_to(self.person)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """With its cells, as long as no reader worked on them."""
        field_delete(by=self.person, field=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=_JPEG)
    @action(detail=True)
    def image(self, request: Request, pk: str) -> HttpResponse:
        """The whole field as a JPEG of at most 4096 pixels a side, without the camera's notes."""
        return _jpeg(display_picture(self.get_object()))

    @extend_schema(responses=_JPEG)
    @action(detail=True, throttle_classes=[PictureThrottle])
    def thumbnail(self, request: Request, pk: str) -> HttpResponse:
        return _jpeg(thumbnail(self.get_object()))

    @extend_schema(responses=CellSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def cells(self, request: Request, pk: str) -> Response:
        """Every cell of the field that is not deleted, with its box in pixels of the field."""
        cells = Cell.objects.filter(field=self.get_object(), is_deleted=False)
        return Response(CellSerializer(cells, many=True).data)


class CellPictureViewSet(RightsViewSet[Cell]):
    rights = {"picture": Right.ANALYSES_READ}
    throttle_classes = (PictureThrottle,)
    queryset = Cell.objects.none()

    def get_queryset(self) -> QuerySet[Cell]:
        return cells_visible_to(self.person).select_related("field")

    @extend_schema(responses=_JPEG)
    def picture(self, request: Request, pk: int) -> HttpResponse:
        """The square around the cell; add `?version=` to have a moved one anew."""
        return _jpeg(cell_picture(self.get_object()))


def _jpeg(content: bytes) -> HttpResponse:
    """The browser may keep it for an hour: a gallery asks for hundreds of them."""
    return HttpResponse(content, content_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})
