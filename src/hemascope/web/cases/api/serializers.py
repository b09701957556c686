"""What is sent and answered about cases. Names of patients come from the context, as `names_shown` gave them."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hemascope.hematology.classification.context import ClinicalContext
from hemascope.web.accounts.models import User
from hemascope.web.api.serializers import VersionInputSerializer
from hemascope.web.cases.models import Case
from hemascope.web.patients.access import patients_visible_to
from hemascope.web.patients.models import Patient

_FACTS = (
    "specimen", "stain", "collected_on", "clinical_question", "wbc_e9_per_l", "haemoglobin_g_per_l",
    "platelets_e9_per_l", "context", "department",
)  # fmt: skip


@extend_schema_field(ClinicalContext)  # type: ignore[arg-type]  # pydantic is supported by an extension
class ContextField(serializers.DictField):
    """Facts for the classification tables, all optional; `reviewed` and `out_of_distribution` are not for people."""


class VisiblePatientField(serializers.PrimaryKeyRelatedField[Patient]):
    def get_queryset(self) -> QuerySet[Patient]:
        return patients_visible_to(self.context["request"].user)


class CasePatientSerializer(serializers.ModelSerializer[Patient]):
    """As much of the patient as a list of cases needs; the name is masked unless the role may see it."""

    name = serializers.SerializerMethodField()

    class Meta:
        model = Patient
        fields = ("id", "hospital_number", "name", "sex", "birth_date")
        read_only_fields = fields

    def get_name(self, patient: Patient) -> str:
        name: str = self.context["names"][patient.pk]
        return name


class CaseSerializer(serializers.ModelSerializer[Case]):
    patient = CasePatientSerializer()
    context = ContextField()  # type: ignore[assignment]  # a declared field does not stay an attribute
    reader_name = serializers.SerializerMethodField()
    created_by_name = serializers.CharField(source="created_by.__str__")

    class Meta:
        model = Case
        fields = (
            "id", "number", "patient", "state", "reader", "reader_name", *_FACTS,
            "version", "created_by", "created_by_name", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_reader_name(self, case: Case) -> str:
        return str(case.reader) if case.reader else ""


class CaseInputSerializer(serializers.ModelSerializer[Case]):
    patient = VisiblePatientField(queryset=Patient.objects.all())
    context = ContextField(required=False)  # type: ignore[assignment]

    class Meta:
        model = Case
        fields = ("patient", *_FACTS)


class CaseUpdateInputSerializer(VersionInputSerializer, CaseInputSerializer):
    class Meta(CaseInputSerializer.Meta):
        fields = (*CaseInputSerializer.Meta.fields, "version")  # type: ignore[assignment]


class AssignmentInputSerializer(VersionInputSerializer):
    reader = serializers.PrimaryKeyRelatedField(queryset=User.objects.all(), allow_null=True)


class ReaderSerializer(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="__str__")

    class Meta:
        model = User
        fields = ("id", "name")
        read_only_fields = fields


class CaseCountsSerializer(serializers.Serializer[Any]):
    new = serializers.IntegerField()
    analysed = serializers.IntegerField()
    in_review = serializers.IntegerField()
    signed = serializers.IntegerField()
    amended = serializers.IntegerField()


class CaseSummarySerializer(serializers.Serializer[Any]):
    by_state = CaseCountsSerializer()
    assigned_to_me = serializers.IntegerField(help_text="Open cases whose reader is who asks.")
