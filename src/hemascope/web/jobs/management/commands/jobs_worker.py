"""`jobs_worker`: runs jobs until it is told to stop. SIGTERM lets the job in hand be finished."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from hemascope.web.jobs.database_worker import DatabaseWorker


class Command(BaseCommand):
    help = "Run background jobs, from Redis where HEMASCOPE_QUEUE_URL is set, else from the database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", action="store_true", help="end when nothing is waiting (database queue only)")

    def handle(self, *_args: Any, batch: bool, **_options: Any) -> None:
        if settings.QUEUE_URL:
            from hemascope.web.jobs.celery_app import app

            app.worker_main(["worker", "--concurrency=1", "--loglevel=INFO", "--without-gossip", "--without-mingle"])
            return
        worker = DatabaseWorker(batch=batch)
        worker.configure_signals()
        worker.run()
