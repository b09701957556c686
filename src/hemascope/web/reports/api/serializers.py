"""What is sent and answered about reports. Classes named *Input are bodies of requests, the others are answers."""

from typing import Any

from pydantic import BaseModel
from rest_framework import serializers

from hemascope.hematology.classification.wording import WordedSuggestions
from hemascope.web.accounts.api.serializers import MAX_PASSWORD
from hemascope.web.accounts.choices import Language
from hemascope.web.api.serializers import VersionInputSerializer
from hemascope.web.reports.document import CaseAnalysis, SignedReport
from hemascope.web.reports.models import LabSettings, Report
from hemascope.web.reports.signing import Obstacle

MAX_TEXT = 4000  # characters of a conclusion
MAX_REASON = 2000


class CaseAnalysisAnswer(BaseModel):
    """`fingerprint` is sent back to sign what was shown; `obstacles` is empty where that is possible."""

    fingerprint: str
    obstacles: tuple[Obstacle, ...]
    analysis: CaseAnalysis
    words: WordedSuggestions


class SignedReportAnswer(BaseModel):
    document: SignedReport
    words: WordedSuggestions


class LanguageQuerySerializer(serializers.Serializer[Any]):
    language = serializers.ChoiceField(choices=Language.choices, required=False, help_text="Default: the person's own.")


class ReportSerializer(serializers.ModelSerializer[Report]):
    case_number = serializers.CharField(source="case.number")
    specimen = serializers.CharField(source="case.specimen")
    patient = serializers.IntegerField(source="case.patient_id")
    hospital_number = serializers.CharField(source="case.patient.hospital_number")
    signed_by_name = serializers.CharField(source="signed_by.username")
    replaced_by = serializers.IntegerField(allow_null=True, help_text="Number of the version that is valid instead.")

    class Meta:
        model = Report
        fields = (
            "id", "case", "case_number", "specimen", "patient", "hospital_number", "number", "replaced_by", "reason",
            "sha256", "signed_by", "signed_by_name", "signed_at",
        )  # fmt: skip
        read_only_fields = fields


class SignInputSerializer(serializers.Serializer[Any]):
    password = serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False)
    fingerprint = serializers.CharField(max_length=64)
    conclusion = serializers.CharField(max_length=MAX_TEXT, allow_blank=True, default="")


class AmendInputSerializer(SignInputSerializer):
    reason = serializers.CharField(max_length=MAX_REASON)


class ReopenInputSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=MAX_REASON)


class LabSettingsSerializer(serializers.ModelSerializer[LabSettings]):
    class Meta:
        model = LabSettings
        exclude = ("id",)
        read_only_fields = ("created_at", "updated_at")


class LabSettingsInputSerializer(VersionInputSerializer, LabSettingsSerializer):
    class Meta(LabSettingsSerializer.Meta):
        exclude = ("id", "created_at", "updated_at")  # type: ignore[assignment]
        read_only_fields = ()  # type: ignore[assignment]
