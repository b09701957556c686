"""The worker of the embedded queue: that of django-tasks-db, which by itself loses the job of a killed worker.

Leases, heartbeat and recovery are those of our `Job` rows, so that its own rows are only messages.
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from hemascope.web.jobs.sweeper import Sweeper

_KEPT = timedelta(days=1)


class DatabaseWorker(Worker):
    def __init__(self, *, batch: bool = False) -> None:
        super().__init__(
            queue_names=["default"],
            interval=settings.JOB_POLL_S,
            batch=batch,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=uuid.uuid4().hex,
            excluded_queue_names=[],
        )

    def run(self) -> None:
        sweeper = Sweeper()
        sweeper.start()
        try:
            DBTaskResult.objects.filter(enqueued_at__lt=timezone.now() - _KEPT).exclude(status="READY").delete()
            super().run()
        finally:
            sweeper.stop()
