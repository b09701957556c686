"""What is sent and answered in a review. Classes named *Input are bodies of requests or queries."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from hemascope.web.analyses.api.serializers import CellSerializer
from hemascope.web.analyses.choices import CELL_CLASSES
from hemascope.web.api.serializers import MAX_ID, MAX_VERSION, IdField
from hemascope.web.reviews.actions import Box, CellVersion
from hemascope.web.reviews.models import LabelChange, ReviewStep

MAX_CELLS = 2000  # in one request


class TableCellSerializer(CellSerializer):
    """A cell with what it belongs to."""

    case_number = serializers.CharField()
    patient = serializers.IntegerField()
    hospital_number = serializers.CharField()
    file_name = serializers.CharField()
    uploaded_by = serializers.IntegerField()
    uploaded_by_name = serializers.CharField()
    verified_by_name = serializers.CharField(allow_null=True)

    class Meta(CellSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *CellSerializer.Meta.fields, "case_number", "patient", "hospital_number", "file_name", "uploaded_by",
            "uploaded_by_name", "verified_by_name",
        )  # fmt: skip
        read_only_fields = fields  # type: ignore[assignment]


class CellVersionInputSerializer(serializers.Serializer[Any]):
    id = IdField()
    version = serializers.IntegerField(min_value=0, max_value=MAX_VERSION)


class CellsInputSerializer(serializers.Serializer[Any]):
    cells = CellVersionInputSerializer(many=True, allow_empty=False, max_length=MAX_CELLS)  # type: ignore[call-arg] # the stubs lack it

    def validate_cells(self, cells: list[dict[str, int]]) -> list[CellVersion]:
        if len({cell["id"] for cell in cells}) < len(cells):
            raise serializers.ValidationError(_("Each cell may be named once."), "duplicate")
        return [CellVersion(**cell) for cell in cells]


class RelabelInputSerializer(CellsInputSerializer):
    reader_class = serializers.ChoiceField(choices=CELL_CLASSES)


class BoxInputSerializer(serializers.Serializer[Any]):
    """In pixels of the field."""

    x1 = serializers.FloatField()
    y1 = serializers.FloatField()
    x2 = serializers.FloatField()
    y2 = serializers.FloatField()


class DrawInputSerializer(BoxInputSerializer):
    reader_class = serializers.ChoiceField(choices=CELL_CLASSES, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return _with_box(attrs)


class MoveInputSerializer(BoxInputSerializer):
    version = serializers.IntegerField(min_value=0, max_value=MAX_VERSION)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return _with_box(attrs)


def _with_box(values: dict[str, Any]) -> dict[str, Any]:
    box = Box(*(round(values.pop(name), 2) for name in ("x1", "y1", "x2", "y2")))
    return values | {"box": box}


class CellConflictSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    code = serializers.CharField(help_text="`stale_version`, `conflict` or `not_found`.")
    message = serializers.CharField()
    cell = CellSerializer(allow_null=True)
    changed_by_name = serializers.CharField(
        source="step.reader.__str__", default="", read_only=True, help_text="Who changed it last; empty: no reader."
    )
    changed_at = serializers.DateTimeField(source="step.at", default=None, allow_null=True, read_only=True)


class StepOutcomeSerializer(serializers.Serializer[Any]):
    """`cells` are as the request wished; each in `conflicts` stayed as it is, and holds up no other."""

    cells = CellSerializer(many=True)
    conflicts = CellConflictSerializer(many=True)


class LabelChangeSerializer(serializers.ModelSerializer[LabelChange]):
    sequence = serializers.IntegerField(source="step_id")
    verb = serializers.CharField(source="step.verb")
    reader = serializers.IntegerField(source="step.reader_id")
    reader_name = serializers.CharField(source="step.reader.__str__")
    at = serializers.DateTimeField(source="step.at")
    before = serializers.DictField(child=serializers.JSONField())
    after = serializers.DictField(child=serializers.JSONField())

    class Meta:
        model = LabelChange
        fields = ("sequence", "verb", "reader", "reader_name", "at", "model_class", "before", "after", "version")
        read_only_fields = fields


class ReviewStepSerializer(serializers.ModelSerializer[ReviewStep]):
    cells = serializers.IntegerField(help_text="How many were changed.")

    class Meta:
        model = ReviewStep
        fields = ("sequence", "case", "reader", "verb", "reverses", "is_undone", "at", "cells")
        read_only_fields = fields


class ClassProgressSerializer(serializers.Serializer[Any]):
    shown_class = serializers.CharField()
    cells = serializers.IntegerField()
    confirmed = serializers.IntegerField()


class CaseProgressSerializer(serializers.Serializer[Any]):
    cells = serializers.IntegerField()
    confirmed = serializers.IntegerField()
    unidentified = serializers.IntegerField()
    sequence = serializers.IntegerField(help_text="Where the change feed goes on from.")
    listing = serializers.CharField(help_text="As in the change feed.")
    classes = ClassProgressSerializer(many=True)


class ChangesInputSerializer(serializers.Serializer[Any]):
    since = serializers.IntegerField(min_value=0, max_value=MAX_ID)


class ChangesSerializer(serializers.Serializer[Any]):
    cells = CellSerializer(many=True)
    sequence = serializers.IntegerField(help_text="The `since` of the next request.")
    has_more = serializers.BooleanField()
    listing = serializers.CharField(help_text="Another one once cells were replaced: read their list anew.")


class ReferencesInputSerializer(serializers.Serializer[Any]):
    first = serializers.ChoiceField(choices=CELL_CLASSES)
    second = serializers.ChoiceField(choices=CELL_CLASSES)


class ReferencesSerializer(serializers.Serializer[Any]):
    first = CellSerializer(many=True)
    second = CellSerializer(many=True)
