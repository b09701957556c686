"""How the OpenAPI description tells of our ways to say who one is; loaded by the app's config."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

_MODULE = "hemascope.web.accounts.authentication"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = f"{_MODULE}.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


class BrowserScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = f"{_MODULE}.BrowserAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class StrangerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = f"{_MODULE}.StrangerAuthentication"
    name = "csrf"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "header", "name": "X-CSRFToken"}
