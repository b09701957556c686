"""Real workers, really killed: no job is lost, and no effect happens twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from hemascope.web.analyses.actions import recognition_run_start
from hemascope.web.analyses.models import Cell
from hemascope.web.audit.models import AuditEvent
from hemascope.web.audit.selectors import audit_verify
from hemascope.web.jobs.models import Job
from hemascope.web.settings.base import QUEUE_URL
from web.analyses.builders import make_cells_to_name
from web.builders import make_user
from web.cases.builders import make_case
from web.jobs.bodies import slow_note
from web.jobs.builders import make_job
from web.patience import PATIENCE_S, wait_until

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.django_db(transaction=True)


class Worker:
    def __init__(self) -> None:
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]),
            "DJANGO_SETTINGS_MODULE": "web.jobs.worker_settings",
            "TEST_DATABASE": str(connection.settings_dict["NAME"]),
            "TEST_FILES": str(settings.MEDIA_ROOT),
        }
        if QUEUE_URL:  # cleared from the environment of tests
            environment["HEMASCOPE_QUEUE_URL"] = QUEUE_URL
        if connection.vendor == "mysql":
            entry = connection.settings_dict
            account = f"{entry['USER']}:{entry['PASSWORD']}@{entry['HOST']}:{entry['PORT']}"
            environment["HEMASCOPE_DATABASE_URL"] = f"mysql://{account}/unused"
        command = [sys.executable, "-m", "django", "jobs_worker"]
        self._process = subprocess.Popen(command, env=environment, start_new_session=True)

    def send(self, number: signal.Signals) -> None:
        """To the worker and the processes it started."""
        os.killpg(self._process.pid, number)

    def stop(self) -> None:
        """As a supervisor does: only the process that it started."""
        self._process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        return self._process.wait(PATIENCE_S)

    def end(self) -> None:
        if self._process.poll() is None:
            self.send(signal.SIGKILL)
        self._process.wait(PATIENCE_S)


@pytest.fixture
def start_worker() -> Iterator[Callable[[], Worker]]:
    workers: list[Worker] = []

    def start() -> Worker:
        workers.append(Worker())
        return workers[-1]

    yield start
    for worker in workers:
        worker.end()


@pytest.fixture
def starts(tmp_path: Path) -> Path:
    """A line for each attempt of the job."""
    path = tmp_path / "starts"
    path.touch()
    return path


def attempts_in(starts: Path) -> int:
    return len(starts.read_text().splitlines())


def is_done(job: Job) -> bool:
    job.refresh_from_db()
    assert job.status != "failed", job.error_message
    return job.status == "done"


def effects() -> int:
    return AuditEvent.objects.filter(verb="test.effect").count()


def test_job_of_a_worker_killed_in_the_middle_is_run_again_once(
    start_worker: Callable[[], Worker], starts: Path
) -> None:
    job = make_job(slow_note, arguments={"starts": str(starts), "seconds": 1})
    first = start_worker()
    wait_until(lambda: attempts_in(starts) == 1)
    first.send(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    assert effects() == 0

    start_worker()
    wait_until(lambda: is_done(job))

    assert (attempts_in(starts), job.attempts, effects()) == (2, 2, 1)
    assert audit_verify() == 1


def test_worker_that_wakes_up_after_it_was_given_up_writes_nothing(
    start_worker: Callable[[], Worker], starts: Path
) -> None:
    job = make_job(slow_note, arguments={"starts": str(starts), "seconds": 1})
    sleeper = start_worker()
    wait_until(lambda: attempts_in(starts) == 1)
    sleeper.send(signal.SIGSTOP)  # as a machine that hangs: it believes that it still owns the job
    start_worker()
    wait_until(lambda: is_done(job))
    finished_at = job.finished_at

    sleeper.send(signal.SIGCONT)
    sleeper.stop()
    sleeper.wait()  # ends the job in hand first, and finds it taken

    job.refresh_from_db()
    assert (attempts_in(starts), effects(), job.status, job.finished_at) == (2, 1, "done", finished_at)


def test_worker_told_to_stop_finishes_the_job_in_hand(start_worker: Callable[[], Worker], starts: Path) -> None:
    job = make_job(slow_note, arguments={"starts": str(starts), "seconds": 1})
    worker = start_worker()
    wait_until(lambda: attempts_in(starts) == 1)

    worker.stop()

    assert worker.wait() == 0
    assert is_done(job)
    assert attempts_in(starts) == 1


def test_runs_named_together_by_a_worker_that_is_killed_lose_nothing_and_repeat_nothing(
    start_worker: Callable[[], Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = tmp_path / "batches"
    monkeypatch.setenv("TEST_BATCHES", str(batches))
    runs = []
    for _ in range(3):
        case = make_case(make_user(role="technician"))
        make_cells_to_name(case, 14)
        runs.append(recognition_run_start(by=case.created_by, case=case))
    Job.objects.update(sent_at=None)  # this process has another queue than the worker, whose sweep sends them
    named = Cell.objects.exclude(recognition_run=None)

    first = start_worker()
    wait_until(lambda: named.count() == 32)  # the first batch: two cases, and four cells of the third
    first.send(signal.SIGKILL)
    first.wait()
    batches.with_suffix(".go").touch()
    start_worker()
    wait_until(lambda: all(is_done(run.job) for run in runs))

    sizes = batches.read_text().split()
    assert sizes in (["32", "10"], ["32", "10", "10"])  # only what it had not begun, or died with, is asked again
    assert [run.job.attempts for run in runs] == [2, 2, 2]
    assert named.count() == Cell.objects.count() == 42
    assert AuditEvent.objects.filter(verb="recognitionrun.done").count() == 3
    assert audit_verify() > 0
