"""What `hemascope doctor --deploy` says about an installation."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from hemascope.service.health import Finding
from hemascope.web.dashboard.upkeep import examine_backup
from hemascope.web.installation import prepare_folder
from hemascope.web.jobs.choices import JobStatus
from hemascope.web.jobs.execution import execute
from hemascope.web.jobs.models import Job
from hemascope.web.operations.deployment import examine_folder
from hemascope.web.operations.deployment_services import clock, examine_database, examine_redis, worker, wrong_options
from hemascope.web.operations.deployment_settings import examine_settings
from hemascope.web.settings.base import QUEUE_URL
from web.jobs.bodies import slow_note
from web.jobs.builders import make_job
from web.patience import wait_until

NOW = datetime.now(UTC)


def states(findings: list[Finding]) -> dict[str, str]:
    return {finding.subject: finding.state for finding in findings}


@pytest.mark.parametrize(
    ("age", "longest_h", "state"),
    [
        (None, 0, "note"),
        (None, 24, "broken"),
        (timedelta(hours=2), 24, "ok"),
        (timedelta(hours=25), 24, "broken"),
        (timedelta(days=400), 0, "ok"),
    ],
)
def test_age_of_the_last_backup_is_judged(tmp_path: Path, age: timedelta | None, longest_h: int, state: str) -> None:
    if age is not None:
        (tmp_path / "last-backup.json").write_text(json.dumps({"made_at": (NOW - age).isoformat()}))

    assert examine_backup(tmp_path, longest_h).state == state


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"made_at": "yesterday"}', '{"made_at": 3}'])
def test_unreadable_note_of_a_backup_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "last-backup.json").write_text(content)

    assert examine_backup(tmp_path, 24).state == "broken"


def test_first_password_that_nobody_changed_is_noted(tmp_path: Path) -> None:
    (tmp_path / "first-administrator.txt").touch(0o600)

    assert states(list(examine_folder(tmp_path)))["first password"] == "note"


def test_secret_that_others_can_read_is_broken(tmp_path: Path) -> None:
    prepare_folder(tmp_path, {})
    assert states(list(examine_folder(tmp_path)))["secrets"] == "ok"

    (tmp_path / "identity.keys").chmod(0o640)

    finding = list(examine_folder(tmp_path))[-1]
    assert (finding.state, "identity.keys; run: chmod 600" in finding.text) == ("broken", True)


def test_data_folder_that_is_not_there_is_broken(tmp_path: Path) -> None:
    [finding] = examine_folder(tmp_path / "gone")

    assert (finding.subject, finding.state) == ("data folder", "broken")


@pytest.mark.django_db
def test_database_of_the_tests_is_found_in_order() -> None:
    found = states(list(examine_database()))

    assert (found["database"], found["tables"]) == ("ok", "ok")
    assert (found["database options"], found.get("clock", "ok")) == ("ok", "ok")


@pytest.mark.django_db
def test_tables_that_are_behind_or_ahead_are_broken() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'audit'")
    assert states(list(examine_database()))["tables"] == "broken"


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, 0),
        ({"sql_mode": "NO_ZERO_DATE"}, 1),
        ({"character_set_database": "utf8mb3", "default_storage_engine": "MyISAM"}, 2),
    ],
)
def test_options_of_mysql_that_differ_are_named(changes: dict[str, str], wrong: int) -> None:
    values = {
        "character_set_database": "utf8mb4",
        "default_storage_engine": "InnoDB",
        "sql_mode": "STRICT_TRANS_TABLES,NO_ZERO_DATE",
    }

    assert len(wrong_options(values | changes)) == wrong


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (60, "broken"), (-60, "broken")])
def test_clock_of_another_machine_is_compared(seconds: int, state: str) -> None:
    assert clock(datetime.now(UTC) + timedelta(seconds=seconds), "database").state == state


def test_settings_of_tests_are_not_for_a_deployment() -> None:
    [finding] = examine_settings()

    assert (finding.state, "production" in finding.text) == ("broken", True)


@pytest.mark.django_db(transaction=True)
def test_worker_that_does_the_job_is_found_and_the_job_taken_away() -> None:
    def work() -> None:
        wait_until(Job.objects.exists)
        execute(Job.objects.get().pk)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    finding = worker()
    thread.join()

    assert (finding.state, Job.objects.count()) == ("ok", 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("is_busy", "state"), [(False, "broken"), (True, "note")])
def test_missing_worker_is_told_from_a_busy_one(is_busy: bool, state: str) -> None:
    if is_busy:
        job = make_job(slow_note, arguments={})
        Job.objects.filter(pk=job.pk).update(status=JobStatus.RUNNING, lease_until=NOW + timedelta(hours=1))

    assert worker(patience_s=0.1).state == state


def test_production_settings_behind_a_proxy_need_its_number(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "hemascope.web.settings.production")
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True

    settings.TRUSTED_PROXIES = 0
    assert states(list(examine_settings()))["proxies"] == "broken"
    settings.TRUSTED_PROXIES = 1
    assert states(list(examine_settings()))["proxies"] == "ok"


@pytest.mark.parametrize("secure", [True, False])
def test_cookies_that_travel_in_the_clear_are_told(
    settings: Any, monkeypatch: pytest.MonkeyPatch, secure: bool
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "hemascope.web.settings.production")
    settings.SESSION_COOKIE_SECURE = secure

    assert states(list(examine_settings()))["HTTPS"] == ("ok" if secure else "note")


@pytest.mark.skipif(not QUEUE_URL, reason="the queue is in the database")
@pytest.mark.django_db
def test_redis_of_the_tests_is_found_in_order() -> None:
    assert states(list(examine_redis())) == {"clock": "ok", "Redis": "ok", "queue": "ok"}


@pytest.mark.django_db
def test_redis_that_is_not_there_is_broken(settings: Any) -> None:
    settings.QUEUE_URL = "redis://127.0.0.1:1/0"

    [finding] = examine_redis()

    assert (finding.subject, finding.state) == ("queue", "broken")
