"""What lies under the address of a case: its analysis, the draft of its report, and signing."""

from typing import cast

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.hematology.classification.wording import worded
from hemascope.hematology.taxonomy import Language
from hemascope.web.accounts.models import User
from hemascope.web.analyses.api.case_views import CaseViewSet
from hemascope.web.api.roles import Right
from hemascope.web.patients.identities import names_shown
from hemascope.web.patients.models import Patient
from hemascope.web.reports.actions import report_amend, report_reopen, report_sign
from hemascope.web.reports.api.serializers import (
    AmendInputSerializer,
    CaseAnalysisAnswer,
    LanguageQuerySerializer,
    ReopenInputSerializer,
    ReportSerializer,
    SignInputSerializer,
)
from hemascope.web.reports.models import Report
from hemascope.web.reports.page import PrintedReport
from hemascope.web.reports.pdf import render_pdf
from hemascope.web.reports.selectors import case_analysis, lab_settings
from hemascope.web.reports.signing import obstacles

PDF = {(200, "application/pdf"): OpenApiTypes.BINARY}


def asked_language(request: Request, person: User) -> Language:
    """`?language=`, else the person's own. Raises ValidationError."""
    given = LanguageQuerySerializer(data=request.query_params)
    given.is_valid(raise_exception=True)
    return cast(Language, given.validated_data.get("language", person.language))


def shown_name(patient: Patient, person: User) -> str:
    return names_shown(to=person, patients=[patient])[patient.pk]


def attachment(content: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type, headers={"Content-Disposition": f'attachment; filename="hemascope-{name}"'}
    )


class CaseReportViewSet(CaseViewSet[Report]):
    rights = {
        "analysis": Right.REPORTS_READ,
        "draft": Right.REPORTS_READ,
        "sign": Right.REPORTS_SIGN,
        "amend": Right.REPORTS_SIGN,
        "reopen": Right.REPORTS_SIGN,
    }
    serializer_class = ReportSerializer
    queryset = Report.objects.none()

    def get_throttles(self) -> list[object]:  # type: ignore[override]
        """Nobody tries passwords here more often than at sign-in."""
        self.throttle_scope = "credentials" if self.action in ("sign", "amend") else None
        return list(super().get_throttles())

    @extend_schema(parameters=[LanguageQuerySerializer], responses=CaseAnalysisAnswer)
    def analysis(self, request: Request, case_pk: int) -> Response:
        """Counts, percentages with exact limits, suggestions and comparison, and what stands against signing."""
        analysis = case_analysis(case=self.case, by=self.person)
        answer = CaseAnalysisAnswer(
            fingerprint=analysis.fingerprint,
            obstacles=obstacles(self.case, analysis, lab_settings()),
            analysis=analysis,
            words=worded(analysis.suggestions, asked_language(request, self.person)),
        )
        return Response(answer.model_dump(mode="json", by_alias=True))

    @extend_schema(parameters=[LanguageQuerySerializer], responses=PDF)
    def draft(self, request: Request, case_pk: int) -> HttpResponse:
        """The report as it would be signed now, marked as a draft on every page."""
        printed = PrintedReport(
            analysis=case_analysis(case=self.case, by=self.person),
            laboratory=lab_settings().laboratory,
            patient_name=shown_name(self.case.patient, self.person),
        )
        content = render_pdf(printed, asked_language(request, self.person))
        return attachment(content, "application/pdf", f"{self.case.number}-draft.pdf")

    @extend_schema(request=SignInputSerializer, responses={201: ReportSerializer})
    def sign(self, request: Request, case_pk: int) -> Response:
        """The first report. `signing_refused` as code of the error: `detail.reasons` says why."""
        report = report_sign(by=self.person, case=self.case, **self.checked(SignInputSerializer))
        return Response(ReportSerializer(report).data, status.HTTP_201_CREATED)

    @extend_schema(request=AmendInputSerializer, responses={201: ReportSerializer})
    def amend(self, request: Request, case_pk: int) -> Response:
        """A further version of the report; those before stay."""
        report = report_amend(by=self.person, case=self.case, **self.checked(AmendInputSerializer))
        return Response(ReportSerializer(report).data, status.HTTP_201_CREATED)

    @extend_schema(request=ReopenInputSerializer, responses={204: None})
    def reopen(self, request: Request, case_pk: int) -> Response:
        """Put a signed case back into review, so that its cells can be corrected before the report is amended."""
        report_reopen(by=self.person, case=self.case, **self.checked(ReopenInputSerializer))
        return Response(status=status.HTTP_204_NO_CONTENT)
