"""The thread in each worker that looks after jobs of dead workers."""

from threading import Event, Thread

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from hemascope.errors import QueueUnreachableError
from hemascope.web.jobs.actions import jobs_recover

_log = structlog.get_logger("hemascope.web.jobs")


class Sweeper(Thread):
    def __init__(self) -> None:
        super().__init__(daemon=True, name="sweeper")
        self._stop_wanted = Event()

    def run(self) -> None:
        try:
            while not self._stop_wanted.wait(settings.JOB_SWEEP_S):
                self._sweep()
        finally:
            connection.close()

    def _sweep(self) -> None:
        close_old_connections()
        try:
            jobs_recover()
        except (
            DatabaseError,
            QueueUnreachableError,
        ) as error:  # database or queue away for a moment: the next round tries again
            _log.warning("sweep failed", exc_info=error)

    def stop(self) -> None:
        self._stop_wanted.set()
