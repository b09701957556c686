"""The OpenAPI description: every endpoint also answers with the one error shape."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class ErrorSerializer(serializers.Serializer[Any]):
    """See `hemascope.web.api.errors`."""

    code = serializers.CharField()
    message = serializers.CharField()
    detail = serializers.DictField(child=serializers.JSONField())


_ERRORS = {
    "400": "Something given cannot be accepted.",
    "401": "Nobody is signed in.",
    "403": "The role does not allow it.",
    "404": "There is no such thing, or not for this person.",
    "405": "The method is not offered here.",
    "409": "It does not fit the state things are in.",
    "413": "Too large.",
    "415": "A type of content that is not accepted.",
    "429": "Too often.",
}


class ApiSchema(AutoSchema):
    """Names operations `<app>_<resource>_<action>` and adds the errors."""

    def _get_paginator(self) -> Any:
        """Only what is read comes in pages."""
        return super()._get_paginator() if self.method == "GET" else None  # type: ignore[no-untyped-call]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for code, meaning in _ERRORS.items():
            answer = self._get_response_for_code(OpenApiResponse(ErrorSerializer, meaning), code)  # type: ignore[no-untyped-call]
            bodies.setdefault(code, answer)
        return bodies
