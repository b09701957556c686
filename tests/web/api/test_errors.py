"""Whatever goes wrong, a caller sees one shape and the right kind of status."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from rest_framework import exceptions

from hemascope import errors
from hemascope.web.api.errors import error_response
from web.client import Client


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (ValidationError("no"), 400, "validation"),
        (errors.ImageTooLargeError("no"), 413, "image_too_large"),
        (errors.ImageTypeUnsupportedError("no"), 415, "image_type_unsupported"),
        (errors.ImageTruncatedError("no"), 400, "image_truncated"),
        (errors.BundleNotFoundError("no"), 404, "bundle_not_found"),
        (errors.StaleVersionError("no"), 409, "stale_version"),
        (errors.CaptchaError("no"), 403, "captcha"),
    ],
)
def test_error_has_its_status_and_code(error: Exception, status: int, code: str) -> None:
    answer = error_response(error, {})

    assert answer is not None
    assert (answer.status_code, answer.data["code"]) == (status, code)
    assert set(answer.data) == {"code", "message", "detail"}


@pytest.mark.parametrize("error", [RuntimeError("secret"), errors.OutputError("/a/path"), errors.ModelError("no")])
def test_fault_of_the_server_is_left_to_the_handler_that_tells_nothing(error: Exception) -> None:
    assert error_response(error, {}) is None


def test_throttled_caller_learns_how_long_to_wait() -> None:
    answer = error_response(exceptions.Throttled(wait=12.3), {})

    assert answer is not None
    assert (answer.status_code, answer["Retry-After"]) == (429, "13")


@pytest.mark.parametrize(
    ("detail", "paths"),
    [
        ({"name": ["a", "b"]}, {"name": 2}),
        ({"boxes": [{}, {"x1": ["a"]}]}, {"boxes.1.x1": 1}),
        ({"boxes": {"x1": ["a"]}}, {"boxes.x1": 1}),
        (["a"], {"non_field_errors": 1}),
        ("a", {"non_field_errors": 1}),
    ],
)
def test_validation_error_names_each_wrong_field(detail: object, paths: dict[str, int]) -> None:
    answer = error_response(exceptions.ValidationError(detail), {})

    assert answer is not None
    assert {path: len(faults) for path, faults in answer.data["detail"].items()} == paths


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "address", "status", "code"),
    [
        ("get", "nothing/here", 404, "not_found"),
        ("put", "session", 405, "method_not_allowed"),
        ("options", "users", 405, "method_not_allowed"),
        ("get", "users/not-a-number", 404, "not_found"),
    ],
)
def test_address_or_method_that_is_not_offered_is_told_so(method: str, address: str, status: int, code: str) -> None:
    from web.builders import make_user

    answer = Client(make_user(role="administrator")).ask(method, address)

    assert (answer[0], answer[1]["code"]) == (status, code)


@pytest.mark.django_db
def test_message_is_in_the_language_of_the_request() -> None:
    _, body = Client().ask("get", "me", HTTP_ACCEPT_LANGUAGE="zh-hans")

    assert body["code"] == "not_authenticated"
    assert body["message"] != Client().get("me")[1]["message"]
