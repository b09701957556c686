"""Parts of request bodies that several apps have."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

MAX_ID = 2**63 - 1  # the largest number that a database stores
MAX_VERSION = 2**31 - 1


class IdField(serializers.IntegerField):
    """The primary key of a row."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **options)


class VersionInputSerializer(serializers.Serializer[Any]):
    """For changes of a `Versioned` row; the version is asked for in a PATCH too, where nothing else is."""

    version = serializers.IntegerField(
        min_value=1, max_value=MAX_VERSION, help_text="Required: the version that was read."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "version" not in attrs:
            raise serializers.ValidationError({"version": ErrorDetail(_("Give the version read."), "required")})
        return attrs
