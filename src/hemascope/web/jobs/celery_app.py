"""Celery on Redis, for several machines. Only loaded where HEMASCOPE_QUEUE_URL is set."""

from typing import Any

from celery import Celery
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.utils.module_loading import import_string
from django_tasks.base import Task

from hemascope.web.jobs.sweeper import Sweeper

RUN = "hemascope.run"

app = Celery("hemascope", broker=settings.QUEUE_URL)
app.conf.update(
    accept_content=["json"],
    broker_connection_retry_on_startup=True,
    # A message is given back when its worker dies (docs/adr/0002-web.md). The time must exceed the longest job: a
    # message that is not yet acknowledged by then is delivered again; `job_claim` refuses it, but a job waits for it.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={"visibility_timeout": 6 * 3600, "unacked_restore_throttle": 1},
    task_ignore_result=True,
    worker_hijack_root_logger=False,
)


@app.task(name=RUN)  # type: ignore[untyped-decorator]
def run(path: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Raises SuspiciousOperation where `path` is no task: the broker must not run just anything."""
    task = import_string(path)
    if not isinstance(task, Task):
        raise SuspiciousOperation(f"'{path}' is no task")
    task.call(*args, **kwargs)


_sweepers: list[Sweeper] = []


@worker_ready.connect  # type: ignore[untyped-decorator]
def _start_sweeper(**_signal: Any) -> None:
    _sweepers.append(Sweeper())
    _sweepers[0].start()


@worker_shutdown.connect  # type: ignore[untyped-decorator]
def _stop_sweeper(**_signal: Any) -> None:
    for sweeper in _sweepers:
        sweeper.stop()
