"""What is sent and answered about fields, runs and cells. Classes named *Input are bodies of requests."""

from typing import Any, TypeVar

from rest_framework import serializers

from hemascope.web.analyses.actions import UploadOutcome
from hemascope.web.analyses.choices import CELL_CLASSES, FieldKind
from hemascope.web.analyses.models import Cell, DetectionRun, Field, ModelRun, RecognitionRun
from hemascope.web.api.serializers import IdField
from hemascope.web.api.wording import worded_error
from hemascope.web.cases.models import finite
from hemascope.web.jobs.choices import JobStatus

RunT = TypeVar("RunT", bound=ModelRun)

_BUNDLE_NAME = r"^[a-z0-9][a-z0-9._-]*$"  # installed ones only: a path would reach the server's files


class FieldSerializer(serializers.ModelSerializer[Field]):
    """Pictures are at `/fields/{id}/image` and `/fields/{id}/thumbnail`."""

    quality_flags = serializers.ListField(child=serializers.CharField())
    detected_counts = serializers.DictField(child=serializers.IntegerField())

    class Meta:
        model = Field
        fields = (
            "id", "case", "kind", "original_name", "sha256", "bytes", "width", "height", "microns_per_pixel", "focus",
            "brightness", "contrast", "quality_flags", "state", "error_message", "examined_by", "detected_counts",
            "uploaded_by", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class FieldUploadInputSerializer(serializers.Serializer[Any]):
    """Images, and ZIP archives of images."""

    files = serializers.ListField(child=serializers.FileField(allow_empty_file=True), allow_empty=False)
    kind = serializers.ChoiceField(choices=FieldKind.choices, default=FieldKind.FIELD)
    microns_per_pixel = serializers.FloatField(
        min_value=0.001, max_value=100, validators=[finite], required=False, default=None
    )


class UploadOutcomeSerializer(serializers.Serializer[Any]):
    """What became of one file; `field` is null where it was refused."""

    name = serializers.CharField()
    status = serializers.ChoiceField(choices=["created", "duplicate", "refused"])
    field = FieldSerializer(allow_null=True)
    error_code = serializers.SerializerMethodField()
    error_message = serializers.SerializerMethodField()

    def get_error_code(self, outcome: UploadOutcome) -> str:
        return outcome.error.code if outcome.error else ""

    def get_error_message(self, outcome: UploadOutcome) -> str:
        return worded_error(outcome.error) if outcome.error else ""


class _RunSerializer(serializers.ModelSerializer[RunT]):
    status = serializers.ChoiceField(source="job.status", choices=JobStatus.choices)
    attempts = serializers.IntegerField(source="job.attempts")
    max_attempts = serializers.IntegerField(source="job.max_attempts")
    is_cancel_wanted = serializers.BooleanField(source="job.is_cancel_wanted")
    progress_done = serializers.IntegerField(source="job.progress_done")
    progress_total = serializers.IntegerField(source="job.progress_total", help_text="0: not known yet.")
    error_code = serializers.CharField(source="job.error_code")
    error_message = serializers.CharField(source="job.reason")
    requested_by = serializers.IntegerField(source="job.requested_by_id", allow_null=True)
    started_at = serializers.DateTimeField(source="job.started_at", allow_null=True)
    finished_at = serializers.DateTimeField(source="job.finished_at", allow_null=True)


_RUN_FIELDS = (
    "id", "case", "bundle_name", "bundle_version", "bundle_sha256", "cells", "status", "attempts", "max_attempts",
    "is_cancel_wanted", "progress_done", "progress_total", "error_code", "error_message", "requested_by", "created_at",
    "started_at", "finished_at",
)  # fmt: skip


class DetectionRunSerializer(_RunSerializer[DetectionRun]):
    class Meta:
        model = DetectionRun
        fields = (*_RUN_FIELDS, "score_threshold", "recognise_with")
        read_only_fields = fields


class RecognitionRunSerializer(_RunSerializer[RecognitionRun]):
    class Meta:
        model = RecognitionRun
        fields = (*_RUN_FIELDS, "only_new")
        read_only_fields = fields


class DetectionRunInputSerializer(serializers.Serializer[Any]):
    """Without `fields` all of the case; without `bundle` the default one."""

    fields = serializers.ListField(child=IdField(), required=False)  # type: ignore[assignment]
    bundle = serializers.RegexField(_BUNDLE_NAME, max_length=100, required=False)
    score_threshold = serializers.FloatField(min_value=0, max_value=1, validators=[finite], required=False)
    recognise = serializers.BooleanField(default=True, help_text="Whether a recognition run follows.")
    recognition_bundle = serializers.RegexField(_BUNDLE_NAME, max_length=100, required=False)


class RecognitionRunInputSerializer(serializers.Serializer[Any]):
    bundle = serializers.RegexField(_BUNDLE_NAME, max_length=100, required=False)
    only_new = serializers.BooleanField(default=False, help_text="Only cells that no model has named yet.")


class ReaderClassField(serializers.ChoiceField):
    """A class, or null where no reader has named the cell: the column is then empty."""

    def get_attribute(self, instance: Cell) -> str | None:
        return instance.reader_class or None


class CellSerializer(serializers.ModelSerializer[Cell]):
    """The picture is at `/cells/{id}/picture`."""

    model_probabilities = serializers.DictField(child=serializers.FloatField())
    reader_class = ReaderClassField(choices=CELL_CLASSES, allow_null=True, read_only=True)
    shown_class = serializers.CharField(help_text="The reader's word, else the model's, else `unidentified`.")

    class Meta:
        model = Cell
        fields = (
            "id", "case", "field", "origin", "x1", "y1", "x2", "y2", "detector_score", "model_class", "model_score",
            "runner_up", "model_probabilities", "is_unidentified", "ambiguity", "reader_class", "is_confirmed",
            "verified_by", "verified_at", "is_deleted", "shown_class", "version", "changed_sequence", "created_at",
            "updated_at",
        )  # fmt: skip
        read_only_fields = fields
