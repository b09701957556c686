from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from hemascope.web.cases.api.serializers import CaseSummarySerializer
from hemascope.web.catalogue.api.serializers import ActiveModelSerializer
from hemascope.web.dashboard.warnings import WarningCode

_LONGEST_DAY = timedelta(hours=48)


class DayQuerySerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField(
        required=False, help_text="When the reader's day began, at most 48 hours ago; without: midnight UTC."
    )

    def validate_since(self, since: datetime) -> datetime:
        if since < timezone.now() - _LONGEST_DAY:
            raise ValidationError(_("More than 48 hours ago."), "too_early")
        return since


class ReviewedCellsSerializer(serializers.Serializer[Any]):
    by_me = serializers.IntegerField()
    by_all = serializers.IntegerField(help_text="In the cases that who asks may see.")


class QueueSerializer(serializers.Serializer[Any]):
    """Of the jobs that who asks may see."""

    waiting = serializers.IntegerField()
    running = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="Given up in the last 24 hours.")


class DashboardWarningSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField(choices=WarningCode.choices)
    message = serializers.CharField()
    detail = serializers.DictField(child=serializers.JSONField())


class DashboardSerializer(serializers.Serializer[Any]):
    cases = CaseSummarySerializer()
    reviewed = ReviewedCellsSerializer()
    models = ActiveModelSerializer(many=True)
    queue = QueueSerializer()
    warnings = DashboardWarningSerializer(many=True)
