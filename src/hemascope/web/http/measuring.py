"""Counts and times requests for Prometheus, and writes one line of the log for each."""

import time

import structlog
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

from hemascope.web.http.request_context import Answer

_log = structlog.get_logger("hemascope.web.request")
_requests = Counter("hemascope_requests", "Answered requests", ["method", "route", "status"])
_seconds = Histogram("hemascope_request_seconds", "Time to answer", ["method", "route"])


def measuring(answer: Answer) -> Answer:
    """Middleware; the address is counted by its pattern, so that ids neither multiply series nor land in them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = answer(request)
        seconds = time.perf_counter() - started
        route = request.resolver_match.route if request.resolver_match else "unknown"
        method = request.method or ""
        _requests.labels(method, route, response.status_code).inc()
        _seconds.labels(method, route).observe(seconds)
        _log.info("answered", method=method, route=route, status=response.status_code, seconds=round(seconds, 4))
        return response

    return middleware
