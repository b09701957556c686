"""Which request is being answered, for the log and the audit trail, without handing it through every call."""

import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest], HttpResponse]

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Both empty outside of a request, such as in a job or a command."""

    request_id: str = ""
    remote_address: str = ""


_current: ContextVar[RequestContext] = ContextVar("request")


def current_request() -> RequestContext:
    return _current.get(RequestContext())


def request_context(answer: Answer) -> Answer:
    """Middleware: names the request (X-Request-ID of the proxy, or a new one) in the log and in the answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        token = _current.set(RequestContext(request_id, client_address(request)))
        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                response = answer(request)
        finally:
            _current.reset(token)
        response["X-Request-ID"] = request_id
        return response

    return middleware


def client_address(request: HttpRequest) -> str:
    """Of the browser: behind n trusted proxies the n-th address from the right, because callers can forge the rest."""
    proxies: int = settings.TRUSTED_PROXIES
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if proxies and forwarded:
        return forwarded[-min(proxies, len(forwarded))]
    return str(request.META.get("REMOTE_ADDR", ""))
