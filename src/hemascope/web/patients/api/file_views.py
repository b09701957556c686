"""Patients out of and into spreadsheets."""

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet
from hemascope.web.patients.access import patients_visible_to
from hemascope.web.patients.actions import patients_exported
from hemascope.web.patients.api.filters import PatientFilter
from hemascope.web.patients.api.serializers import (
    PatientExportQuerySerializer,
    PatientImportInputSerializer,
    PatientImportSerializer,
)
from hemascope.web.patients.choices import FileType
from hemascope.web.patients.importing import patients_import
from hemascope.web.patients.models import Patient
from hemascope.web.patients.sheets.columns import sheet_rows
from hemascope.web.patients.sheets.writing import CONTENT_TYPES, csv_chunks, xlsx_bytes

_MOST_FAULTS = 1000
_PREVIEWED = 20
_CHUNK = 500  # patients in memory at a time


class PatientExportViewSet(RightsViewSet[Patient]):
    rights = {"export": Right.PATIENTS_IDENTITY}
    serializer_class = PatientExportQuerySerializer
    queryset = Patient.objects.none()
    pagination_class = None
    filterset_class = PatientFilter
    ordering = ("hospital_number",)

    def get_queryset(self) -> QuerySet[Patient]:
        return patients_visible_to(self.person)

    @extend_schema(
        filters=True,
        parameters=[PatientExportQuerySerializer],
        responses={(200, content_type): OpenApiTypes.BINARY for content_type in CONTENT_TYPES.values()},
    )
    def export(self, request: Request) -> HttpResponseBase:
        """The patients that the filters leave, with their identities; audited. Opens in a spreadsheet as text."""
        query = PatientExportQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        file_type: str = query.validated_data["file_type"]
        patients = self.filter_queryset(self.get_queryset())
        patients_exported(by=self.person, count=patients.count(), file_type=file_type)
        rows = sheet_rows(patients.iterator(_CHUNK))
        headers = {"Content-Disposition": f'attachment; filename="patients.{file_type}"'}
        if file_type == FileType.XLSX:
            return HttpResponse(xlsx_bytes(rows), content_type=CONTENT_TYPES[file_type], headers=headers)
        return StreamingHttpResponse(csv_chunks(rows), content_type=CONTENT_TYPES[file_type], headers=headers)


class PatientImportViewSet(RightsViewSet[Patient]):
    rights = {"create": Right.PATIENTS_WRITE}
    serializer_class = PatientImportInputSerializer
    parser_classes = (MultiPartParser,)

    @extend_schema(responses=PatientImportSerializer)
    def create(self, request: Request) -> Response:
        """Says which rows cannot be imported and why; imports nothing unless `mode` asks for it."""
        given = self.checked(PatientImportInputSerializer)
        content = given["file"].read(settings.PATIENT_IMPORT_MAX_BYTES + 1)
        checked, imported_count = patients_import(by=self.person, content=content, mode=given["mode"])
        answer = {
            "row_count": checked.row_count,
            "valid_count": len(checked.patients),
            "fault_count": len(checked.faults),
            "imported_count": imported_count,
            "ignored_columns": checked.ignored_columns,
            "faults": checked.faults[:_MOST_FAULTS],
            "preview": checked.patients[:_PREVIEWED],
        }
        return Response(PatientImportSerializer(answer).data)
