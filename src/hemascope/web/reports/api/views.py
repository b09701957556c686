from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.hematology.classification.wording import worded
from hemascope.hematology.messages.fhir import fhir_bundle
from hemascope.hematology.messages.hl7v2 import hl7v2_message
from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet
from hemascope.web.patients.sheets.writing import CONTENT_TYPES
from hemascope.web.reports.access import reports_visible_to
from hemascope.web.reports.actions import lab_settings_update, report_exported
from hemascope.web.reports.api.case_views import PDF, asked_language, attachment, shown_name
from hemascope.web.reports.api.filters import ReportFilter
from hemascope.web.reports.api.serializers import (
    LabSettingsInputSerializer,
    LabSettingsSerializer,
    LanguageQuerySerializer,
    ReportSerializer,
    SignedReportAnswer,
)
from hemascope.web.reports.messages import report_data
from hemascope.web.reports.models import LabSettings, Report
from hemascope.web.reports.page import PrintedReport
from hemascope.web.reports.pdf import render_pdf
from hemascope.web.reports.selectors import lab_settings, signed_report
from hemascope.web.reports.tables import report_csv, report_xlsx

_CSV, _XLSX = CONTENT_TYPES["csv"], CONTENT_TYPES["xlsx"]


class ReportViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, RightsViewSet[Report]):
    """Signed reports. Every export is remembered in the audit trail."""

    rights = dict.fromkeys(("list", "retrieve", "document", "pdf", "fhir", "hl7", "csv", "xlsx"), Right.REPORTS_READ)
    serializer_class = ReportSerializer
    queryset = Report.objects.none()
    filterset_class = ReportFilter
    ordering = ("-signed_at",)
    ordering_fields = ("signed_at", "number")

    def get_queryset(self) -> QuerySet[Report]:
        return reports_visible_to(self.person)

    @extend_schema(parameters=[LanguageQuerySerializer], responses=SignedReportAnswer)
    @action(detail=True)
    def document(self, request: Request, pk: str) -> Response:
        """What was signed."""
        signed = signed_report(self.get_object())
        words = worded(signed.analysis.suggestions, asked_language(request, self.person))
        return Response(SignedReportAnswer(document=signed, words=words).model_dump(mode="json", by_alias=True))

    @extend_schema(parameters=[LanguageQuerySerializer], responses=PDF)
    @action(detail=True)
    def pdf(self, request: Request, pk: str) -> HttpResponse:
        report = self.get_object()
        signed = signed_report(report)
        printed = PrintedReport(
            analysis=signed.analysis,
            laboratory=signed.laboratory,
            patient_name=shown_name(report.case.patient, self.person),
            signed=signed,
            sha256=report.sha256,
            replaced_by=report.replaced_by,
        )
        content = render_pdf(printed, asked_language(request, self.person))
        return self._exported(report, content, "application/pdf", "pdf")

    @extend_schema(
        parameters=[LanguageQuerySerializer], responses={(200, "application/fhir+json"): OpenApiTypes.OBJECT}
    )
    @action(detail=True)
    def fhir(self, request: Request, pk: str) -> HttpResponse:
        """An HL7 FHIR R4 bundle."""
        report = self.get_object()
        bundle = fhir_bundle(report_data(report, signed_report(report), asked_language(request, self.person)))
        return self._exported(report, bundle.encode(), "application/fhir+json", "fhir.json")

    @extend_schema(
        parameters=[LanguageQuerySerializer], responses={(200, "x-application/hl7-v2+er7"): OpenApiTypes.STR}
    )
    @action(detail=True)
    def hl7(self, request: Request, pk: str) -> HttpResponse:
        """An HL7 v2.5.1 message ORU^R01."""
        report = self.get_object()
        message = hl7v2_message(report_data(report, signed_report(report), asked_language(request, self.person)))
        return self._exported(report, message.encode(), "x-application/hl7-v2+er7; charset=utf-8", "hl7")

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True)
    def csv(self, request: Request, pk: str) -> HttpResponse:
        """One row a class."""
        report = self.get_object()
        return self._exported(report, report_csv(report, signed_report(report)), _CSV, "csv")

    @extend_schema(parameters=[LanguageQuerySerializer], responses={(200, _XLSX): OpenApiTypes.BINARY})
    @action(detail=True)
    def xlsx(self, request: Request, pk: str) -> HttpResponse:
        """The differential, the facts of the report, and the suggestions, one sheet each."""
        report = self.get_object()
        content = report_xlsx(report, signed_report(report), asked_language(request, self.person))
        return self._exported(report, content, _XLSX, "xlsx")

    def _exported(self, report: Report, content: bytes, content_type: str, ending: str) -> HttpResponse:
        report_exported(by=self.person, report=report, form=ending)
        return attachment(content, content_type, f"{report}.{ending}")


class LabSettingsViewSet(RightsViewSet[LabSettings]):
    rights = {"retrieve": Right.REPORTS_READ, "partial_update": Right.SETTINGS_MANAGE}
    serializer_class = LabSettingsSerializer

    def retrieve(self, request: Request) -> Response:
        return Response(LabSettingsSerializer(lab_settings()).data)

    @extend_schema(request=LabSettingsInputSerializer, responses=LabSettingsSerializer)
    def partial_update(self, request: Request) -> Response:
        """`version` is always sent; reports that are signed keep the settings of their time."""
        changes = self.checked(LabSettingsInputSerializer, partial=True)
        return Response(LabSettingsSerializer(lab_settings_update(by=self.person, **changes)).data)
