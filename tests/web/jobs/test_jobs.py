"""What becomes of a job, in this process; tests/web/jobs/test_workers.py kills real workers."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from hemascope.errors import JobCancelledError, JobLostError
from hemascope.web.audit.models import AuditEvent
from hemascope.web.jobs.actions import job_cancel, job_claim, job_enqueue, jobs_recover
from hemascope.web.jobs.execution import execute, heartbeat
from hemascope.web.jobs.models import Job
from web.builders import make_user
from web.client import Client
from web.jobs.bodies import no_body, note_once, refuse, three_steps
from web.jobs.builders import make_job
from web.patience import wait_until

pytestmark = pytest.mark.django_db

AN_HOUR = timedelta(hours=1)


def effects() -> int:
    return AuditEvent.objects.filter(verb="test.effect").count()


def run(job: Job) -> Job:
    execute(job.pk)
    job.refresh_from_db()
    return job


def let_owner_die(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - AN_HOUR)


def test_job_runs_once_however_often_its_message_comes() -> None:
    job = make_job()

    for _ in range(3):
        run(job)

    assert (job.status, job.attempts, job.owner, effects()) == ("done", 1, "", 1)


def test_message_of_a_job_that_does_not_exist_does_nothing() -> None:
    execute(uuid.uuid4())


@pytest.mark.django_db(transaction=True)
def test_job_is_sent_when_the_transaction_commits_and_not_before() -> None:
    with transaction.atomic():
        job = job_enqueue(by=None, body=note_once, arguments={"note": "n"})
        assert not DBTaskResult.objects.exists()

    assert DBTaskResult.objects.get().args_kwargs["args"] == [str(job.pk)]


@pytest.mark.django_db(transaction=True)
def test_job_vanishes_with_the_transaction_that_ordered_it() -> None:
    def order_and_fail() -> None:
        with transaction.atomic():
            job_enqueue(by=None, body=note_once, arguments={"note": "n"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        order_and_fail()
    assert not Job.objects.exists()
    assert not DBTaskResult.objects.exists()


@pytest.mark.parametrize(
    ("kind", "attempts", "code", "message"),
    [
        ("input", 1, "counts", "the table is empty"),  # the same input fails the same way: no second try
        ("model", 2, "model", "no"),
        ("bug", 2, "server_error", "ZeroDivisionError; see the log"),
    ],
)
def test_job_that_fails_is_given_up_with_a_visible_reason(kind: str, attempts: int, code: str, message: str) -> None:
    job = make_job(refuse, arguments={"kind": kind})

    for _ in range(5):
        run(job)
        Job.objects.filter(pk=job.pk).update(not_before=timezone.now())

    assert (job.status, job.attempts, job.error_code, job.error_message) == ("failed", attempts, code, message)


def test_job_that_failed_waits_before_the_next_attempt() -> None:
    job = run(make_job(refuse, arguments={"kind": "bug"}))

    assert job.status == "queued"
    assert job.not_before > timezone.now()
    assert run(job).attempts == 1


def test_function_that_is_no_body_is_not_run() -> None:
    job = make_job()
    Job.objects.filter(pk=job.pk).update(body=f"{no_body.__module__}.no_body")

    assert run(job).error_code == "job"


def test_job_of_a_dead_worker_goes_back_to_the_queue() -> None:
    job = make_job()
    job_claim(job_id=job.pk)
    let_owner_die(job)

    jobs_recover()

    assert DBTaskResult.objects.get().args_kwargs["args"] == [str(job.pk)]
    run(job)
    assert (job.status, job.attempts, effects()) == ("done", 2, 1)


def test_job_of_a_living_worker_is_left_alone() -> None:
    job = make_job()
    job_claim(job_id=job.pk)

    jobs_recover()

    job.refresh_from_db()
    assert job.status == "running"


def test_job_that_kills_every_worker_is_given_up() -> None:
    job = make_job()
    for _ in range(job.max_attempts):
        job_claim(job_id=job.pk)
        let_owner_die(job)
        jobs_recover()

    job.refresh_from_db()
    assert (job.status, job.error_code) == ("failed", "worker_lost")
    assert "3 attempts" in job.error_message


def test_sweep_sends_what_was_never_sent_and_sends_it_once() -> None:
    make_job()

    jobs_recover()
    jobs_recover()

    assert DBTaskResult.objects.count() == 1


@pytest.mark.parametrize("step", ["writing", "finishing"])
def test_worker_that_lost_its_job_writes_nothing(step: str) -> None:
    job = make_job()
    slow = job_claim(job_id=job.pk)
    assert slow is not None
    let_owner_die(job)
    jobs_recover()
    quick = job_claim(job_id=job.pk)
    assert quick is not None

    with pytest.raises(JobLostError), getattr(slow, step)():
        pytest.fail("the block ran")
    with pytest.raises(JobLostError):
        slow.progress(1, 2)
    assert slow.renew() is False
    slow.finish("failed")  # type: ignore[arg-type]
    with getattr(quick, step)():
        pass


def test_result_and_end_of_the_job_are_one_commit() -> None:
    handle = job_claim(job_id=make_job().pk)
    assert handle is not None

    def fail_while_finishing() -> None:
        with handle.finishing():
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_while_finishing()
    assert handle.owned().exists()


def test_job_names_who_asked_for_it_and_nobody_where_the_system_did() -> None:
    make_job(by=make_user("lin"))
    make_job()

    _, page = Client(make_user(role="administrator")).get("jobs", ordering="created_at")

    assert [job["requested_by_name"] for job in page["results"]] == ["lin", ""]


def test_progress_can_be_followed_by_the_one_who_asked() -> None:
    lin = make_user()
    job = run(make_job(three_steps, by=lin, arguments={}))

    _, body = Client(lin).get(f"jobs/{job.pk}")

    assert (body["name"], body["status"], body["progress_done"], body["progress_total"]) == (
        "three_steps",
        "done",
        3,
        3,
    )


def test_waiting_job_is_cancelled_at_once() -> None:
    lin = make_user()
    job = make_job(by=lin)

    assert Client(lin).post(f"jobs/{job.pk}/cancel")[1]["status"] == "cancelled"
    assert (run(job).status, effects()) == ("cancelled", 0)


def test_running_job_is_cancelled_at_its_next_step() -> None:
    lin = make_user()
    job = make_job(three_steps, by=lin, arguments={})
    handle = job_claim(job_id=job.pk)
    assert handle is not None
    handle.progress(1, 3)
    job_cancel(by=lin, job=job)

    with pytest.raises(JobCancelledError):
        handle.progress(2, 3)


def test_cancelled_job_of_a_dead_worker_is_not_run_again() -> None:
    lin = make_user()
    job = make_job(by=lin)
    job_claim(job_id=job.pk)
    job_cancel(by=lin, job=job)
    let_owner_die(job)

    jobs_recover()

    assert run(job).status == "cancelled"


def test_job_that_has_ended_cannot_be_cancelled() -> None:
    lin = make_user()
    job = run(make_job(by=lin))

    assert Client(lin).post(f"jobs/{job.pk}/cancel")[0] == 409


@pytest.mark.django_db(transaction=True)
def test_heartbeat_keeps_the_job_of_a_long_step(settings: object) -> None:
    settings.JOB_LEASE_S = 0.3  # type: ignore[attr-defined]
    job = make_job()
    handle = job_claim(job_id=job.pk)
    assert handle is not None
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now())

    with heartbeat(handle):
        wait_until(lambda: Job.objects.filter(pk=job.pk, lease_until__gt=timezone.now()).exists())
