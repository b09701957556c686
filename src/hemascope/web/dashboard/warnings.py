"""What is wrong with the installation that the person who looks at the dashboard is concerned with."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import TextChoices

from hemascope.web.accounts.models import User
from hemascope.web.api.roles import Right, has_right
from hemascope.web.catalogue.selectors import ActiveModel, model_problem
from hemascope.web.dashboard.upkeep import examine_backup, examine_room
from hemascope.web.jobs.selectors import QueueCounts, unattended_since


class WarningCode(TextChoices):
    MODEL_UNUSABLE = "model_unusable", "A run with the active model would fail"
    JOBS_FAILED = "jobs_failed", "Jobs were given up in the last day"
    QUEUE_STUCK = "queue_stuck", "Jobs wait and no worker takes them"
    DISK_TIGHT = "disk_tight", "Little room is left on the disk"
    DISK_FULL = "disk_full", "Uploads may fail: the disk is full or gone"
    BACKUP_OLD = "backup_old", "The last backup is too old, or there is none"


@dataclass(frozen=True, slots=True)
class DashboardWarning:
    """`message` is for the log and for programs; the page has its own words for each code and its detail."""

    code: WarningCode
    message: str
    detail: Mapping[str, Any] = field(default_factory=dict)


def dashboard_warnings(person: User, models: Iterable[ActiveModel], queue: QueueCounts) -> Iterator[DashboardWarning]:
    """Disk and backups are told only to those who run the installation: the others can do nothing about them."""
    for model in models:
        if problem := model_problem(model):
            named = {"specimen": model.specimen, "task": model.task, "bundle": model.bundle_name}
            yield DashboardWarning(WarningCode.MODEL_UNUSABLE, problem, named)
    if queue.failed:
        text = f"{queue.failed} jobs were given up in the last day"
        yield DashboardWarning(WarningCode.JOBS_FAILED, text, {"count": queue.failed})
    if since := unattended_since():
        text = f"a job waits since {since.isoformat()} and no worker takes it; is one running?"
        yield DashboardWarning(WarningCode.QUEUE_STUCK, text, {"since": since.isoformat()})
    if has_right(person, Right.SETTINGS_MANAGE):
        yield from _of_the_machine(Path(settings.DATA_FOLDER))


def _of_the_machine(data: Path) -> Iterator[DashboardWarning]:
    room = examine_room(data)
    if room.state != "ok":
        yield DashboardWarning(WarningCode.DISK_FULL if room.state == "broken" else WarningCode.DISK_TIGHT, room.text)
    backup = examine_backup(data, settings.BACKUP_MAX_AGE_H)
    if backup.state == "broken":
        yield DashboardWarning(WarningCode.BACKUP_OLD, backup.text)
