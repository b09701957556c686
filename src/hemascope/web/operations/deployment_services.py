"""The services an installation needs, asked whether they answer and are set up as the code expects."""

import secrets
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from hemascope.errors import FileStoreError, OutputError
from hemascope.service.health import Finding
from hemascope.web.jobs.actions import job_enqueue
from hemascope.web.jobs.choices import JobStatus
from hemascope.web.jobs.models import Job
from hemascope.web.jobs.probe import worker_probe

_PATIENCE_S = 20.0  # for a worker to take a job
_LOOK_S = 0.2
_SKEW = timedelta(seconds=2)
_MYSQL_WANTED = {
    "character_set_database": "utf8mb4",
    "default_storage_engine": "InnoDB",
    "sql_mode": "STRICT_TRANS_TABLES",
}


def examine_database() -> Iterator[Finding]:
    """The first finding is broken where nothing answers."""
    try:
        connection.ensure_connection()
        yield Finding("ok", "database", f"{connection.vendor} {'.'.join(map(str, _version()))} answers")
        yield from _sqlite() if connection.vendor == "sqlite" else _mysql()
        yield _migrations()
    except DatabaseError as error:
        yield Finding("broken", "database", f"{connection.vendor}: {error}; is it running, and are the address right?")


def _version() -> tuple[int, ...]:
    return tuple(connection.get_database_version())


def _asked(query: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        row: tuple[Any, ...] = cursor.fetchone()
        return row


def _sqlite() -> Iterator[Finding]:
    mode = _asked("PRAGMA journal_mode")[0]
    if mode == "wal":
        yield Finding("ok", "database options", "WAL: readers and a writer do not wait for each other")
    else:
        yield Finding("broken", "database options", f"journal mode is '{mode}', not WAL; is the disk a network share?")


def _mysql() -> Iterator[Finding]:
    values = {name: str(_asked(f"SELECT @@{name}")[0]) for name in _MYSQL_WANTED}
    wrong = wrong_options(values)
    if wrong:
        yield Finding("broken", "database options", "; ".join(wrong))
    else:
        yield Finding("ok", "database options", ", ".join(f"{name} {value}" for name, value in values.items()))
    yield clock(_asked("SELECT UTC_TIMESTAMP(6)")[0].replace(tzinfo=UTC), "database")


def wrong_options(values: Mapping[str, str]) -> list[str]:
    """What differs from what the code was tested with; `sql_mode` is a list of words."""
    return [
        f"{name} is '{values[name]}', but must be or hold {wanted}"
        for name, wanted in _MYSQL_WANTED.items()
        if wanted.lower() not in values[name].lower().split(",")
    ]


def clock(there: datetime, whose: str) -> Finding:
    """Leases and lock-outs compare times of several machines."""
    skew = abs(datetime.now(UTC) - there)
    text = f"that of the {whose} differs by {skew / timedelta(seconds=1):.1f} s"
    return Finding("broken" if skew > _SKEW else "ok", "clock", text)


def _migrations() -> Finding:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    unknown = sorted(set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations))
    if plan:
        return Finding("broken", "tables", f"{len(plan)} migrations are not applied; run: hemascope maintain migrate")
    if unknown:
        return Finding("broken", "tables", f"'{'.'.join(unknown[0])}' is of a newer version; install that one")
    return Finding("ok", "tables", "up to date")


def examine_files() -> Finding:
    """Writes, reads and deletes a small file where uploads lie."""
    name = f"doctor/{secrets.token_hex(8)}"
    place = "in the bucket" if settings.FILES_URL else "in the data folder"
    try:
        default_storage.save(name, ContentFile(name.encode()))
        with default_storage.open(name) as file:
            is_same = file.read() == name.encode()
        default_storage.delete(name)
    except (FileStoreError, OutputError, OSError) as error:
        return Finding("broken", "files", str(error))
    return Finding("ok" if is_same else "broken", "files", f"uploads lie {place}; written, read and deleted one")


def examine_queue() -> Iterator[Finding]:
    if settings.QUEUE_URL:
        yield from examine_redis()
    else:
        yield Finding("ok", "queue", "in the database")
    yield worker()


def examine_redis() -> Iterator[Finding]:
    import redis

    from hemascope.web.jobs.celery_app import app

    server = redis.Redis.from_url(settings.QUEUE_URL, socket_timeout=5)
    try:
        seconds, microseconds = server.time()
        yield clock(datetime.fromtimestamp(seconds + microseconds / 1e6, UTC), "Redis")
        yield _append_only(server.config_get("appendonly"))
    except redis.RedisError as error:
        yield Finding("broken", "queue", f"Redis: {error}")
        return
    allowed = timedelta(seconds=app.conf.broker_transport_options["visibility_timeout"])
    longest = max((end - start for start, end in _spans()), default=timedelta())
    text = f"the longest recent job took {longest}, Redis waits {allowed} before it sends one again"
    yield Finding("broken" if longest > allowed else "ok", "queue", text)


def _append_only(answer: Mapping[Any, Any]) -> Finding:
    if answer.get("appendonly") == "yes":
        return Finding("ok", "Redis", "writes what it is given to disk (appendonly)")
    return Finding("note", "Redis", "forgets its queue when it stops: jobs wait for the next sweep; set appendonly yes")


def _spans() -> list[tuple[datetime, datetime]]:
    ended = Job.objects.filter(started_at__isnull=False, finished_at__isnull=False).order_by("-finished_at")
    return list(ended.values_list("started_at", "finished_at")[:1000])  # type: ignore[arg-type]


def worker(patience_s: float = _PATIENCE_S) -> Finding:
    """Orders a job that does nothing and waits for its end; takes it away again."""
    job = job_enqueue(by=None, body=worker_probe, arguments={})
    start = time.monotonic()
    try:
        while time.monotonic() - start < patience_s:
            job.refresh_from_db()
            if job.status == JobStatus.DONE:
                return Finding("ok", "worker", f"did a job within {time.monotonic() - start:.1f} s")
            time.sleep(_LOOK_S)
    finally:
        Job.objects.filter(pk=job.pk).delete()
    busy = Job.objects.filter(status=JobStatus.RUNNING, lease_until__gt=timezone.now()).count()
    if busy:
        return Finding("note", "worker", f"all are busy: {busy} jobs run, none was free within {patience_s:.0f} s")
    return Finding("broken", "worker", f"no worker took a job within {patience_s:.0f} s; start one, or see its log")
