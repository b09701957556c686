"""What is sent and answered about patients. Identities come from the context, as `identities_shown` gave them."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from hemascope.web.api.serializers import VersionInputSerializer
from hemascope.web.patients.choices import FileType, ImportMode
from hemascope.web.patients.identities import Identity
from hemascope.web.patients.models import IDENTITY_FIELDS, Patient

_PLAIN = ("sex", "birth_date", "keywords", "department")


class PatientSerializer(serializers.ModelSerializer[Patient]):
    """Name, ID-card number and phone number are masked unless the role may see them."""

    name = serializers.SerializerMethodField()
    id_card = serializers.SerializerMethodField()
    phone = serializers.SerializerMethodField()
    is_masked = serializers.SerializerMethodField()

    class Meta:
        model = Patient
        fields = (
            "id", "hospital_number", *IDENTITY_FIELDS, "is_masked", *_PLAIN,
            "version", "created_by", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def _identity(self, patient: Patient) -> Identity:
        identity: Identity = self.context["identities"][patient.pk]
        return identity

    def get_name(self, patient: Patient) -> str:
        return self._identity(patient).name

    def get_id_card(self, patient: Patient) -> str:
        return self._identity(patient).id_card

    def get_phone(self, patient: Patient) -> str:
        return self._identity(patient).phone

    def get_is_masked(self, patient: Patient) -> bool:
        return self._identity(patient).is_masked


class PatientInputSerializer(serializers.ModelSerializer[Patient]):
    class Meta:
        model = Patient
        fields = ("hospital_number", *IDENTITY_FIELDS, *_PLAIN)
        extra_kwargs: Mapping[str, Any] = {"hospital_number": {"validators": []}}  # the action asks whether it is taken


class PatientUpdateInputSerializer(VersionInputSerializer, PatientInputSerializer):
    class Meta(PatientInputSerializer.Meta):
        fields = (*PatientInputSerializer.Meta.fields, "version")  # type: ignore[assignment]


class PatientExportQuerySerializer(serializers.Serializer[Any]):
    file_type = serializers.ChoiceField(choices=FileType.choices, default=FileType.CSV)


class PatientImportInputSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="CSV (UTF-8 or GB 18030) or XLSX; the first row names the columns.")
    mode = serializers.ChoiceField(choices=ImportMode.choices, default=ImportMode.PREVIEW)


class RowFaultSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="As the spreadsheet numbers it.")
    field = serializers.CharField()
    value = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class PatientPreviewSerializer(serializers.ModelSerializer[Patient]):
    class Meta:
        model = Patient
        fields = ("hospital_number", *IDENTITY_FIELDS, "sex", "birth_date", "keywords")
        read_only_fields = fields


class PatientImportSerializer(serializers.Serializer[Any]):
    row_count = serializers.IntegerField()
    valid_count = serializers.IntegerField()
    fault_count = serializers.IntegerField()
    imported_count = serializers.IntegerField()
    ignored_columns = serializers.ListField(child=serializers.CharField())
    faults = RowFaultSerializer(many=True, help_text="The first 1000.")
    preview = PatientPreviewSerializer(many=True, help_text="The first 20 valid rows as they were understood.")
