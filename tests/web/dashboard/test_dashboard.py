"""The first page's figures: each of what the person may see, and warnings for those whom they concern."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hemascope.web.accounts.models import User
from hemascope.web.jobs.choices import JobStatus
from web.analyses.builders import make_cell, make_field
from web.builders import make_department, make_user
from web.cases.builders import make_case
from web.catalogue.builders import activate
from web.client import Client
from web.jobs.builders import make_job

pytestmark = pytest.mark.django_db

NOW = timezone.now()
GIB = 1024**3


@pytest.fixture(autouse=True)
def machine(settings: object, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A data folder with room, in which nobody asked for backups."""
    settings.DATA_FOLDER, settings.BACKUP_MAX_AGE_H = tmp_path, 0  # type: ignore[attr-defined]
    machine = SimpleNamespace(free=50 * GIB, folder=tmp_path)
    measured = shutil.disk_usage

    def usage(folder: Path) -> Any:
        return SimpleNamespace(total=100 * GIB, free=machine.free) if machine.free else measured(folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "disk_usage", usage)
        patch.setattr(timezone, "now", lambda: NOW)  # however long the tests before took
        yield machine


@pytest.fixture
def doctor() -> User:
    return make_user(role="doctor", department=make_department())


def shown(person: User, **query: Any) -> Any:
    status, body = Client(person).get("dashboard", **query)
    assert status == 200, body
    return body


def warned(person: User) -> list[str]:
    return [warning["code"] for warning in shown(person)["warnings"]]


def test_empty_installation_has_nothing_to_do_and_nothing_wrong() -> None:
    body = shown(make_user(role="administrator"))

    assert set(body["cases"]["by_state"].values()) == {0}
    assert body["reviewed"] == {"by_me": 0, "by_all": 0}
    assert body["queue"] == {"waiting": 0, "running": 0, "failed": 0}
    assert body["warnings"] == []


def test_cases_are_counted_as_in_the_worklist(doctor: User) -> None:
    for state in ("analysed", "analysed", "in_review", "signed"):
        make_case(doctor, state=state, reader=doctor if state == "in_review" else None)
    make_case(make_user(role="doctor", department=make_department()), state="analysed")

    cases = shown(doctor)["cases"]

    assert cases["by_state"] == {"new": 0, "analysed": 2, "in_review": 1, "signed": 1, "amended": 0}
    assert cases == Client(doctor).get("cases/summary")[1]


def test_cells_reviewed_are_those_confirmed_since_the_day_began_and_visible(doctor: User) -> None:
    colleague = make_user(role="doctor", department=doctor.department)
    stranger = make_user(role="doctor", department=make_department())
    field, hidden = make_field(make_case(doctor)), make_field(make_case(stranger))
    today, yesterday = NOW - timedelta(hours=3), NOW - timedelta(hours=30)
    for of, by, at in [(field, doctor, today), (field, doctor, yesterday), (field, colleague, today)]:
        make_cell(of, is_confirmed=True, verified_by=by, verified_at=at)
    make_cell(field, verified_by=doctor, verified_at=today, is_deleted=True)
    make_cell(hidden, is_confirmed=True, verified_by=stranger, verified_at=today)
    make_cell(field)

    since = NOW - timedelta(hours=5)
    assert shown(doctor, since=since.isoformat())["reviewed"] == {"by_me": 1, "by_all": 2}
    assert shown(doctor, since=(NOW - timedelta(hours=40)).isoformat())["reviewed"] == {"by_me": 2, "by_all": 3}
    assert shown(make_user(role="administrator"), since=since.isoformat())["reviewed"] == {"by_me": 0, "by_all": 3}


@pytest.mark.parametrize("since", ["yesterday", "2026-01-01", "1999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_day_that_began_long_ago_or_is_no_time_is_refused(doctor: User, since: str) -> None:
    status, body = Client(doctor).get("dashboard", since=since)

    assert (status, list(body["detail"])) == (400, ["since"])


def test_queue_is_that_of_the_person_and_of_everybody_for_an_administrator(doctor: User) -> None:
    make_job(by=doctor)
    make_job(by=doctor, status=JobStatus.RUNNING, lease_until=NOW + timedelta(minutes=1))
    make_job(by=doctor, status=JobStatus.FAILED, finished_at=NOW - timedelta(hours=2))
    make_job(by=doctor, status=JobStatus.FAILED, finished_at=NOW - timedelta(days=2))
    make_job(status=JobStatus.FAILED, finished_at=NOW)
    make_job(by=doctor, status=JobStatus.DONE, finished_at=NOW)

    assert shown(doctor)["queue"] == {"waiting": 1, "running": 1, "failed": 1}
    assert shown(make_user(role="administrator"))["queue"] == {"waiting": 1, "running": 1, "failed": 2}
    assert warned(doctor) == ["jobs_failed"]


@pytest.mark.parametrize(
    ("jobs", "is_stuck"),
    [
        ([], False),
        ([{"not_before": NOW - timedelta(seconds=10)}], False),
        ([{"not_before": NOW - timedelta(minutes=10)}], True),
        ([{"not_before": NOW + timedelta(minutes=10)}], False),  # waits for its next attempt
        ([{"status": "running", "lease_until": NOW - timedelta(minutes=10)}], True),  # nobody takes it off the dead
        (
            [
                {"not_before": NOW - timedelta(minutes=10)},
                {"status": "running", "lease_until": NOW + timedelta(minutes=10)},
            ],
            False,  # a long queue, but somebody works
        ),
        ([{"status": "failed", "finished_at": NOW - timedelta(days=9), "not_before": NOW - timedelta(days=9)}], False),
    ],
)
def test_queue_is_stuck_where_jobs_wait_and_nobody_works(
    doctor: User, jobs: list[dict[str, Any]], is_stuck: bool
) -> None:
    for job in jobs:
        make_job(**job)

    assert warned(doctor) == (["queue_stuck"] if is_stuck else [])


def test_models_in_use_are_named_for_each_specimen_and_task(doctor: User) -> None:
    assert {(one["specimen"], one["task"], one["bundle"]) for one in shown(doctor)["models"]} == {
        (specimen, task, f"{kind}-light")
        for specimen in ("peripheral-blood", "bone-marrow")
        for task, kind in (("detection", "detector"), ("classification", "classifier"))
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bundle_name": "gone"}, "no model bundle is named 'gone'"),
        ({"bundle_sha256": "0" * 64}, "was replaced on disk"),
        ({"bundle_name": "detector-light"}, "is for detection"),
    ],
)
def test_model_that_a_run_could_not_use_is_warned_of(doctor: User, change: dict[str, str], reason: str) -> None:
    chosen = activate(make_user(role="administrator"), "classifier-light")
    type(chosen).objects.filter(pk=chosen.pk).update(**change)

    [warning] = shown(doctor)["warnings"]

    assert (warning["code"], warning["detail"]["specimen"]) == ("model_unusable", chosen.specimen)
    assert reason in warning["message"]


@pytest.mark.parametrize(("free", "codes"), [(50, []), (9, ["disk_tight"]), (1, ["disk_full"])])
def test_room_on_the_disk_concerns_administrators_only(
    machine: SimpleNamespace, doctor: User, free: int, codes: list[str]
) -> None:
    machine.free = free * GIB

    assert warned(make_user(role="administrator")) == codes
    assert warned(doctor) == []


def test_data_folder_that_is_gone_is_warned_of_and_breaks_nothing(settings: object, machine: SimpleNamespace) -> None:
    settings.DATA_FOLDER = machine.folder / "gone"  # type: ignore[attr-defined]
    machine.free = None

    assert warned(make_user(role="administrator")) == ["disk_full"]


@pytest.mark.parametrize(
    ("longest_h", "age_h", "codes"), [(0, None, []), (26, None, ["backup_old"]), (26, 2, []), (26, 30, ["backup_old"])]
)
def test_backup_is_warned_of_only_where_an_age_was_set(
    settings: object, machine: SimpleNamespace, longest_h: int, age_h: int | None, codes: list[str]
) -> None:
    settings.BACKUP_MAX_AGE_H = longest_h  # type: ignore[attr-defined]
    if age_h is not None:
        made_at = (NOW - timedelta(hours=age_h)).isoformat()
        (machine.folder / "last-backup.json").write_text(json.dumps({"made_at": made_at}))

    assert warned(make_user(role="administrator")) == codes


def test_number_of_queries_does_not_grow_with_what_there_is(doctor: User) -> None:
    client = Client(doctor)
    with CaptureQueriesContext(connection) as empty:
        client.get("dashboard")
    for _ in range(3):
        make_cell(make_field(make_case(doctor)), is_confirmed=True, verified_by=doctor, verified_at=NOW)
        make_job(by=doctor)
    with CaptureQueriesContext(connection) as full:
        client.get("dashboard")

    assert len(full) == len(empty) <= 16
