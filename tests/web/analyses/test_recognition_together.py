"""Short runs of several cases share their batches and nothing else; tests/web/jobs/test_workers.py kills a worker."""

from typing import Any

import pytest

from hemascope.inference.classifier import Classifier
from hemascope.web.analyses.actions import recognition_run_start
from hemascope.web.analyses.models import Cell, RecognitionRun
from hemascope.web.audit.models import AuditEvent
from hemascope.web.cases.models import Case
from hemascope.web.jobs.actions import job_cancel, job_claim
from hemascope.web.jobs.execution import execute
from hemascope.web.jobs.models import Job
from web.analyses.builders import make_cells_to_name
from web.builders import make_user
from web.cases.builders import make_case

pytestmark = pytest.mark.django_db


class Batches(list[int]):
    """Sizes of the batches that the network was asked about; `before` is called with the number of each."""

    def before(self, number: int) -> None:
        pass


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> Batches:
    seen = Batches()
    classify_really = Classifier._classify_batch

    def classify(self: Classifier, crops: Any) -> Any:
        seen.append(len(crops))
        seen.before(len(seen))
        return classify_really(self, crops)

    monkeypatch.setattr(Classifier, "_classify_batch", classify)
    return seen


def order(cells: int, case: Case | None = None) -> RecognitionRun:
    case = case or make_case(make_user(role="technician"))
    make_cells_to_name(case, cells)
    return recognition_run_start(by=case.created_by, case=case)


def work(run: RecognitionRun) -> None:
    Job.objects.filter(pk=run.job_id).update(not_before=run.job.created_at)
    execute(run.job_id)


def outcome(run: RecognitionRun) -> tuple[str, int, int]:
    """Status, attempts, and how many cells carry its name."""
    run.job.refresh_from_db()
    return run.job.status, run.job.attempts, Cell.objects.filter(case=run.case_id, recognition_run=run).count()


def test_cells_of_two_small_cases_are_named_in_one_batch(batches: Batches) -> None:
    first, second = order(3), order(4)

    work(first)

    assert batches == [7]
    assert (outcome(first), outcome(second)) == (("done", 1, 3), ("done", 1, 4))
    second.refresh_from_db()
    assert (second.cells, second.job.progress_done, second.job.progress_total) == (4, 4, 4)
    assert AuditEvent.objects.filter(verb="recognitionrun.done").count() == 2


def test_message_of_a_run_that_was_taken_along_does_nothing(batches: Batches) -> None:
    first, second = order(1), order(1)
    for run in (first, second, second):
        work(run)

    assert batches == [2]
    assert AuditEvent.objects.filter(verb="recognitionrun.done").count() == 2


def test_names_are_those_that_each_case_gets_alone(batches: Batches, settings: Any) -> None:
    def names(run: RecognitionRun) -> list[tuple[str, float | None]]:
        return list(Cell.objects.filter(case=run.case_id).order_by("pk").values_list("model_class", "model_score"))

    together = [order(2), order(3)]
    work(together[0])
    settings.RECOGNISED_TOGETHER_CELLS = 0
    alone = [order(2), order(3)]
    for run in alone:
        work(run)

    assert batches == [5, 2, 3]
    for one, other in zip(together, alone, strict=True):
        assert [name for name, _ in names(one)] == [name for name, _ in names(other)]
        assert [p for _, p in names(one)] == pytest.approx([p for _, p in names(other)], abs=1e-3)


def test_waiting_run_that_is_cancelled_is_not_taken_along(batches: Batches) -> None:
    first, second = order(2), order(2)
    job_cancel(by=second.case.created_by, job=second.job)

    work(first)

    assert (outcome(first), outcome(second)) == (("done", 1, 2), ("cancelled", 0, 0))


def test_run_that_is_cancelled_on_the_way_stops_and_the_others_end(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = order(2), order(40), order(2)
    monkeypatch.setattr(
        batches, "before", lambda number: number == 1 and job_cancel(by=second.case.created_by, job=second.job)
    )

    work(first)

    assert outcome(second) == ("cancelled", 1, 30)  # what was named before it knew stays
    assert (outcome(first), outcome(third)) == (("done", 1, 2), ("done", 1, 2))


def test_run_whose_case_is_signed_meanwhile_fails_alone(batches: Batches, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = order(2), order(2), order(2)
    signed = Case.objects.filter(pk=second.case_id)
    monkeypatch.setattr(batches, "before", lambda _number: signed.update(state="signed"))

    work(first)

    assert outcome(second) == ("queued", 1, 0)
    assert second.job.error_code == "conflict"
    assert (outcome(first), outcome(third)) == (("done", 1, 2), ("done", 1, 2))


def test_leading_run_that_fails_leaves_those_it_took_along_alone(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = order(2), order(2)
    signed = Case.objects.filter(pk=first.case_id)
    monkeypatch.setattr(batches, "before", lambda _number: signed.update(state="signed"))

    work(first)

    assert (outcome(first), outcome(second)) == (("queued", 1, 0), ("done", 1, 2))


def test_runs_that_broke_the_network_together_are_tried_alone(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = order(2), order(3)

    def break_down(_number: int) -> None:
        if batches[-1] >= 3:
            raise MemoryError("the network")

    monkeypatch.setattr(batches, "before", break_down)

    work(good)
    assert [outcome(run) for run in (good, bad)] == [("queued", 1, 0), ("queued", 1, 0)]
    for _ in range(3):
        work(good)
        work(bad)

    assert batches == [5, 2, 3, 3]
    assert (outcome(good), outcome(bad)) == (("done", 2, 2), ("failed", 3, 0))
    assert bad.job.error_message == "MemoryError; see the log"


def test_run_that_failed_once_is_not_taken_along(batches: Batches) -> None:
    first, second = order(2), order(2)
    Job.objects.filter(pk=second.job_id).update(attempts=1)

    work(first)

    assert outcome(second)[0] == "queued"


def test_run_with_cells_enough_takes_no_other_along(batches: Batches, settings: Any) -> None:
    settings.RECOGNISED_TOGETHER_CELLS = 4
    first, second, third, fourth = order(2), order(1), order(3), order(1)

    work(first)

    assert batches == [6]
    assert [outcome(run)[0] for run in (first, second, third, fourth)] == ["done", "done", "done", "queued"]


def test_second_run_of_the_same_case_waits(batches: Batches) -> None:
    first = order(2)
    second = order(0, first.case)

    work(first)

    assert (outcome(first)[0], outcome(second)[0]) == ("done", "queued")


@pytest.mark.parametrize("column", ["bundle_name", "bundle_sha256"])
def test_run_for_another_network_waits(batches: Batches, column: str) -> None:
    first, second = order(2), order(2)
    RecognitionRun.objects.filter(pk=second.pk).update(**{column: "another"})

    work(first)

    assert (outcome(first)[0], outcome(second)[0]) == ("done", "queued")


def test_bundle_that_was_replaced_gives_every_run_the_reason(batches: Batches) -> None:
    first, second = order(2), order(2)
    RecognitionRun.objects.update(bundle_sha256="0" * 64)

    work(first)

    for run in (first, second):
        assert outcome(run) == ("failed", 1, 0)
        assert run.job.error_code == "bundle_hash_mismatch"


def test_run_that_another_worker_took_meanwhile_is_left_to_it(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = order(2), order(2)
    claim_really = job_claim

    def claim(*, job_id: Any) -> Any:
        if job_id == second.job_id:
            claim_really(job_id=job_id)  # the other worker, a moment before
        return claim_really(job_id=job_id)

    monkeypatch.setattr("hemascope.web.jobs.execution.job_claim", claim)
    work(first)

    assert batches == [2]
    assert (outcome(first)[0], outcome(second)) == ("done", ("running", 1, 0))
