"""A client of the API that knows its addresses and its one error shape."""

from typing import Any

from rest_framework.test import APIClient

from hemascope.web.accounts.models import User

ROOT = "/api/v1/"


class Client:
    """`Client(None)` is a stranger. Addresses are written without `/api/v1/`. Answers are `(status, body)`."""

    def __init__(self, user: User | None = None, *, enforce_csrf: bool = False) -> None:
        self.api = APIClient(enforce_csrf_checks=enforce_csrf)
        if user is not None:
            self.api.force_login(user, "django.contrib.auth.backends.AllowAllUsersModelBackend")

    def ask(self, method: str, address: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        response = getattr(self.api, method)(ROOT + address, body, **options)
        content = response.json() if response.get("Content-Type", "").startswith("application/json") else response
        if response.status_code >= 400:
            assert set(content) == {"code", "message", "detail"}, content
        return response.status_code, content

    def get(self, address: str, **query: Any) -> tuple[int, Any]:
        return self.ask("get", address, query)

    def post(self, address: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        return self.ask("post", address, body, **options)

    def put(self, address: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        return self.ask("put", address, body, **options)

    def patch(self, address: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        return self.ask("patch", address, body, **options)

    def delete(self, address: str, body: Any = None) -> tuple[int, Any]:
        return self.ask("delete", address, body)
