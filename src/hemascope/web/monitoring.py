"""Whether the process lives, whether it can work, and how much it did: for supervisors, balancers and Prometheus."""

import os
from collections.abc import Iterator

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from hemascope.web.jobs.selectors import jobs_by_status


def health(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


def readiness(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "the database does not answer"}, status=503)
    return JsonResponse({"status": "ok"})


class _Jobs(Collector):
    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("hemascope_jobs", "Jobs in the table", labels=["status"])
        for status, count in jobs_by_status().items():
            family.add_metric([status], count)
        yield family


def metrics(request: HttpRequest) -> HttpResponse:
    """Of all web processes together, where `hemascope serve` gave them a folder to count in."""
    own = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        own = CollectorRegistry()
        MultiProcessCollector(own)  # type: ignore[no-untyped-call]
    jobs = CollectorRegistry()
    jobs.register(_Jobs())
    return HttpResponse(generate_latest(own) + generate_latest(jobs), content_type=CONTENT_TYPE_LATEST)
