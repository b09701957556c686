"""How an error becomes JSON: this place and no other. The shape is always `{code, message, detail}`.

`code` is stable, `message` is for people in the language of the request, `detail` is an object: for `validation` the
dotted path of each wrong field with a list of `{code, message}`, else mostly empty.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.exceptions import ErrorDetail
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.views import set_rollback

from hemascope import errors
from hemascope.web.api.wording import worded_error

# The first class of the error's ancestry that is listed decides. What is not listed is a fault of the server: 500.
_STATUS_OF: Mapping[type[errors.HemascopeError], int] = {
    errors.InputNotFoundError: status.HTTP_404_NOT_FOUND,
    errors.ImageTooLargeError: status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    errors.ImageTypeUnsupportedError: status.HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    errors.SheetTooLargeError: status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    errors.InputError: status.HTTP_400_BAD_REQUEST,
    errors.BundleNotFoundError: status.HTTP_404_NOT_FOUND,
    errors.ConflictError: status.HTTP_409_CONFLICT,
    errors.FileStoreError: status.HTTP_503_SERVICE_UNAVAILABLE,
    errors.DependencyMissingError: status.HTTP_503_SERVICE_UNAVAILABLE,
    errors.SignInError: status.HTTP_403_FORBIDDEN,
}


def error_body(code: str, message: str, detail: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "detail": detail or {}}


def error_response(error: Exception, _context: Mapping[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER; None lets Django log the traceback and answer with `server_error`."""
    answer = _answer(error)
    if answer is not None:
        set_rollback()
    return answer


def _answer(error: Exception) -> Response | None:
    match error:
        case errors.HemascopeError():
            return _from_our_tree(error)
        case Http404():
            return _from_drf(exceptions.NotFound())
        case DjangoPermissionDenied():
            return _from_drf(exceptions.PermissionDenied())
        case DjangoValidationError():
            return _from_drf(exceptions.ValidationError(as_serializer_error(error)))
        case ProtectedError():
            message = _("It is still in use and cannot be deleted.")
            return Response(error_body("in_use", message), status.HTTP_409_CONFLICT)
        case IntegrityError():  # checked before, and taken since by somebody who was quicker
            message = _("Somebody else saved the same at this moment; load again.")
            return Response(error_body("conflict", message), status.HTTP_409_CONFLICT)
        case exceptions.APIException():
            return _from_drf(error)
    return None


def _from_our_tree(error: errors.HemascopeError) -> Response | None:
    for kind in type(error).__mro__:
        if kind in _STATUS_OF:
            return Response(error_body(error.code, worded_error(error), error.detail), _STATUS_OF[kind])
    return None


def _from_drf(error: exceptions.APIException) -> Response:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if isinstance(error, exceptions.ValidationError):
        fields: dict[str, list[dict[str, str]]] = {}
        for path, one in _flat(error.detail):
            fields.setdefault(path, []).append({"code": one.code or "invalid", "message": str(one)})
        body = error_body("validation", _("Some of what was given cannot be accepted."), fields)
    else:
        detail = error.detail
        code = detail.code if isinstance(detail, ErrorDetail) else error.default_code
        body = error_body(code or error.default_code, str(detail))
    return Response(body, error.status_code, headers=headers)


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, ErrorDetail]]:
    """Every message with the dotted path of its field; list items are counted from 0."""
    if isinstance(detail, ErrorDetail):
        yield path or "non_field_errors", detail
        return
    items = detail.items() if isinstance(detail, Mapping) else enumerate(detail)
    for key, value in items:
        if isinstance(value, ErrorDetail) and not isinstance(detail, Mapping):
            yield path or "non_field_errors", value  # the messages of one field, not the items of a list
        else:
            yield from _flat(value, f"{path}.{key}" if path else str(key))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - called by these names
    """Django's handler400: a host that is not ours, or a request too broken for a view."""
    return JsonResponse(error_body("bad_request", _("The request cannot be read.")), status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - called by these names
    """Django's handler404: an address that no view answers."""
    return JsonResponse(error_body("not_found", _("There is nothing at this address.")), status=404)


def server_error(_request: HttpRequest) -> HttpResponse:
    """Django's handler500; the traceback is in the log, with the request's id."""
    return JsonResponse(error_body("server_error", _("The server failed; the log has the reason.")), status=500)


def csrf_failure(_request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    return JsonResponse(error_body("csrf", _("The page is too old; load it again."), {"reason": reason}), status=403)
