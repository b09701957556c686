"""Parts of request bodies that several apps have."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail


class VersionInputSerializer(serializers.Serializer[Any]):
    """For changes of a `Versioned` row; the version is asked for in a PATCH too, where nothing else is."""

    version = serializers.IntegerField(min_value=1, help_text="Required: the version that was read.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "version" not in attrs:
            raise serializers.ValidationError({"version": ErrorDetail("Give the version read.", "required")})
        return attrs
