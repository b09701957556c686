"""Runs from the order to the cells, with the models that ship."""

from functools import cache
from typing import Any

import pytest
from django.core.files.storage import default_storage

from hemascope.hematology.taxonomy import TAXONOMY
from hemascope.web.analyses import engines
from hemascope.web.analyses.actions import detection_run_start, fields_upload, recognition_run_start
from hemascope.web.analyses.models import Cell, DetectionRun, Field, ModelRun, RecognitionRun
from hemascope.web.analyses.tasks import recognise_cells
from hemascope.web.cases.models import Case
from hemascope.web.jobs.actions import job_claim
from hemascope.web.jobs.execution import execute
from web.analyses.builders import as_file, make_cell, make_field, painted_bytes, picture_bytes
from web.builders import make_user
from web.cases.builders import make_case
from web.client import Client

pytestmark = pytest.mark.django_db

painted = cache(painted_bytes)


@pytest.fixture
def case() -> Case:
    return make_case(make_user(role="technician"))


def add(case: Case, *contents: bytes, kind: str = "field") -> list[Field]:
    files = [as_file(content) for content in contents]
    outcomes = fields_upload(by=case.created_by, case=case, files=files, kind=kind, microns_per_pixel=None)
    return [outcome.field for outcome in outcomes if outcome.field]


def finish(run: ModelRun) -> tuple[str, str]:
    """Status and reason after one attempt."""
    execute(run.job_id)
    run.job.refresh_from_db()
    run.refresh_from_db()
    return run.job.status, run.job.error_code


def detect(case: Case, **values: Any) -> DetectionRun:
    run = detection_run_start(by=case.created_by, case=case, **values)
    assert finish(run) == ("done", "")
    return run


def recognise(case: Case, **values: Any) -> RecognitionRun:
    run = recognition_run_start(by=case.created_by, case=case, **values)
    assert finish(run) == ("done", "")
    return run


def test_painted_field_goes_from_upload_to_named_cells(case: Case) -> None:
    [field] = add(case, painted())
    client = Client(case.created_by)

    status, ordered = client.post(f"cases/{case.pk}/detection-runs")
    assert (status, ordered["status"], ordered["bundle_name"]) == (201, "queued", "detector-light")
    execute(DetectionRun.objects.get().job_id)
    execute(RecognitionRun.objects.get().job_id)

    _, done = client.get(f"detection-runs/{ordered['id']}")
    _, runs = client.get(f"cases/{case.pk}/recognition-runs")
    _, cells = client.get(f"fields/{field.pk}/cells")
    assert (done["status"], done["progress_done"], done["progress_total"]) == ("done", 1, 1)
    assert [run["cells"] for run in runs["results"]] == [len(cells)]
    assert done["cells"] == len(cells) >= 2
    assert all(cell["model_class"] in TAXONOMY and 0 < cell["model_score"] <= 1 for cell in cells)
    assert all(0 <= cell["x1"] < cell["x2"] <= 640 and cell["changed_sequence"] > 0 for cell in cells)
    case.refresh_from_db()
    assert case.state == "analysed"


def test_case_is_analysed_only_when_its_last_run_is_done(case: Case) -> None:
    add(case, painted())
    detect(case)
    case.refresh_from_db()
    assert case.state == "new"

    detect(case, recognise=False)
    case.refresh_from_db()
    assert case.state == "analysed"


def test_second_detection_replaces_cells_and_leaves_those_of_readers(case: Case) -> None:
    [field] = add(case, painted())
    detect(case, recognise=False)
    first = list(Cell.objects.order_by("pk"))
    Cell.objects.filter(pk=first[0].pk).update(reader_class="monocyte", version=2)
    Cell.objects.filter(pk=first[1].pk).update(is_deleted=True, version=2)

    detect(case, recognise=False)

    assert Cell.objects.filter(field=field).count() == len(first)
    assert {first[0].pk, first[1].pk} <= set(Cell.objects.values_list("pk", flat=True))
    assert Cell.objects.get(pk=first[0].pk).reader_class == "monocyte"


def test_attempt_after_a_killed_one_does_not_examine_a_field_twice(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    add(case, painted(1), painted(2))
    run = detection_run_start(by=case.created_by, case=case, recognise=False)
    detector = engines.detector_of(run)
    examined: list[int] = []
    detect_really = detector.detect

    def detect_and_die(source: Any, prepared: Any = None) -> Any:
        examined.append(source.width)
        if len(examined) == 2:
            raise RuntimeError("killed")
        return detect_really(source, prepared)

    monkeypatch.setattr(detector, "detect", detect_and_die)
    assert finish(run) == ("queued", "server_error")
    run.job.not_before = run.job.created_at
    run.job.save()

    assert finish(run) == ("done", "")
    assert len(examined) == 3
    assert run.cells == Cell.objects.count()


def test_field_that_cannot_be_read_is_marked_and_the_others_are_examined(case: Case) -> None:
    good, lost = add(case, painted(1), painted(2))
    default_storage.delete(lost.file)

    run = detect(case, recognise=False)

    good.refresh_from_db()
    lost.refresh_from_db()
    assert (good.state, lost.state) == ("examined", "failed")
    assert "does not exist" in lost.error_message
    assert run.cells > 0


def test_recognition_passes_over_cells_of_a_lost_field_and_ends(case: Case) -> None:
    [lost] = add(case, picture_bytes())
    make_cell(lost, model_class="", x1=5, y1=5, x2=25, y2=25)
    default_storage.delete(lost.file)

    assert recognise(case).cells == 0
    lost.refresh_from_db()
    assert lost.state == "failed"


def test_ready_made_crops_are_named_without_detection(case: Case) -> None:
    add(case, picture_bytes(seed=1), picture_bytes(seed=2), kind="crop")

    assert recognise(case).cells == 2
    assert set(Cell.objects.values_list("model_class", flat=True)) <= set(TAXONOMY)


def test_recognition_never_changes_what_a_reader_said(case: Case) -> None:
    [field] = add(case, picture_bytes())
    cell = make_cell(field, x1=5, y1=5, x2=25, y2=25, reader_class="basophil", is_confirmed=True, version=3)

    recognise(case)

    cell.refresh_from_db()
    assert cell.recognition_run is not None
    assert (cell.reader_class, cell.is_confirmed, cell.version, cell.shown_class) == ("basophil", True, 3, "basophil")


def test_run_for_new_cells_leaves_named_ones_alone(case: Case) -> None:
    [field] = add(case, picture_bytes())
    make_cell(field, x1=5, y1=5, x2=25, y2=25)
    first = recognise(case)
    new = make_cell(field, x1=10, y1=10, x2=40, y2=40, model_class="")

    assert recognise(case, only_new=True).cells == 1
    assert Cell.objects.filter(recognition_run=first).count() == 1
    new.refresh_from_db()
    assert new.model_class


def test_run_for_new_cells_is_ordered_once_while_one_waits(case: Case) -> None:
    runs = {recognition_run_start(by=case.created_by, case=case, only_new=True).pk for _ in range(3)}

    assert len(runs) == 1


def test_cell_that_is_moved_while_it_is_named_is_named_again(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    [field] = add(case, picture_bytes())
    cell = make_cell(field, x1=5, y1=5, x2=25, y2=25)
    run = recognition_run_start(by=case.created_by, case=case)
    classifier = engines.classifier_of(run)
    classify_really = classifier.classify_batches
    passes: list[int] = []

    def classify_and_move(crops: Any) -> Any:
        yield from classify_really(crops)
        passes.append(1)

    def move_first(crops: Any) -> Any:
        crops = list(crops)
        if not passes:
            Cell.objects.filter(pk=cell.pk).update(x1=20, x2=40)
        return classify_and_move(crops)

    monkeypatch.setattr(classifier, "classify_batches", move_first)

    assert finish(run) == ("done", "")
    assert len(passes) == 2
    cell.refresh_from_db()
    assert (cell.x1, cell.recognition_run_id) == (20, run.pk)


def test_worker_that_lost_its_run_writes_nothing(case: Case) -> None:
    [field] = add(case, picture_bytes())
    cell = make_cell(field, x1=5, y1=5, x2=25, y2=25)
    run = recognition_run_start(by=case.created_by, case=case)
    handle = job_claim(job_id=run.job_id)
    assert handle is not None
    run.job.refresh_from_db()
    run.job.owner = "another"
    run.job.save()

    recognise_cells(handle, run_id=str(run.pk))

    cell.refresh_from_db()
    run.job.refresh_from_db()
    assert (cell.recognition_run, run.job.owner, run.job.status) == (None, "another", "running")


def test_cancelled_run_stops_and_keeps_what_it_found(case: Case) -> None:
    add(case, painted())
    run = detection_run_start(by=case.created_by, case=case)
    client = Client(make_user(role="doctor", department=case.department))

    assert client.post(f"detection-runs/{run.pk}/cancel")[1]["status"] == "cancelled"
    assert client.post(f"detection-runs/{run.pk}/cancel")[0] == 409
    assert finish(run) == ("cancelled", "")


def test_run_whose_bundle_was_replaced_is_given_up_with_the_reason(case: Case) -> None:
    add(case, painted())
    run = detection_run_start(by=case.created_by, case=case)
    DetectionRun.objects.filter(pk=run.pk).update(bundle_sha256="0" * 64)

    assert finish(run) == ("failed", "bundle_hash_mismatch")
    _, body = Client(case.created_by).get(f"detection-runs/{run.pk}")
    assert "start a new run" in body["error_message"]


def test_case_that_is_signed_meanwhile_gets_no_cells(case: Case) -> None:
    add(case, painted())
    run = detection_run_start(by=case.created_by, case=case)
    Case.objects.filter(pk=case.pk).update(state="signed")

    assert finish(run) == ("queued", "conflict")
    assert not Cell.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"bundle": "no-such-model"}, 400, "bundle"),
        ({"bundle": "../../etc"}, 400, "bundle"),
        ({"bundle": "classifier-light"}, 400, "bundle"),
        ({"recognition_bundle": "detector-light"}, 400, "recognition_bundle"),
        ({"score_threshold": 2}, 400, "score_threshold"),
        ({"fields": [4711]}, 404, None),
        ({"fields": [0]}, 400, "fields.0"),
        ({"fields": [2**63]}, 400, "fields.0"),
        ({"score_threshold": "nan"}, 400, "score_threshold"),
        ({"fields": ["x"]}, 400, "fields.0"),
    ],
)
def test_run_that_cannot_be_is_refused(case: Case, body: dict[str, Any], status: int, field: str | None) -> None:
    make_field(case)

    answer = Client(case.created_by).post(f"cases/{case.pk}/detection-runs", body)
    assert answer[0] == status
    assert field is None or list(answer[1]["detail"]) == [field]
    assert not DetectionRun.objects.exists()


def test_case_without_a_field_of_view_has_nothing_to_search(case: Case) -> None:
    make_field(case, kind="crop")

    assert Client(case.created_by).post(f"cases/{case.pk}/detection-runs")[0] == 400


def test_field_of_another_case_is_not_searched(case: Case) -> None:
    other = make_field(make_case(case.created_by))

    assert Client(case.created_by).post(f"cases/{case.pk}/detection-runs", {"fields": [other.pk]})[0] == 404


def test_model_is_loaded_once_for_all_runs_of_a_worker(case: Case) -> None:
    engines._classifier.cache_clear()
    for _ in range(3):
        recognise(case)

    assert engines._classifier.cache_info().misses == 1
