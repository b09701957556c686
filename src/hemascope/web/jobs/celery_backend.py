"""Django's Tasks API on Celery."""

from typing import Any

from django.utils import timezone
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskResult, TaskResultStatus
from kombu.exceptions import OperationalError

from hemascope.errors import QueueUnreachableError


class CeleryBackend(BaseTaskBackend):
    def enqueue(self, task: Task[..., Any], args: Any, kwargs: Any) -> TaskResult[Any]:
        """Raises QueueUnreachableError where Redis does not answer."""
        from hemascope.web.jobs.celery_app import RUN, app  # Celery reads settings that are not complete before

        self.validate_task(task)
        try:
            sent = app.send_task(RUN, (task.module_path, list(args), dict(kwargs)), retry=False)
        except OperationalError as error:
            raise QueueUnreachableError(f"Redis does not take jobs ({error}); is it running?") from error
        return TaskResult(
            task=task,
            id=sent.id,
            status=TaskResultStatus.READY,
            enqueued_at=timezone.now(),
            started_at=None,
            last_attempted_at=None,
            finished_at=None,
            args=list(args),
            kwargs=dict(kwargs),
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )
