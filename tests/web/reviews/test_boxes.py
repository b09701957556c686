"""Boxes that readers draw, move and resize."""

import io
from typing import Any

import pytest
from PIL import Image

from hemascope.web.analyses.actions import fields_upload
from hemascope.web.analyses.files import cell_picture
from hemascope.web.analyses.models import Cell, Field, RecognitionRun
from hemascope.web.jobs.execution import execute
from web.analyses.builders import as_file, make_cell, make_field, picture_bytes
from web.builders import make_user
from web.cases.builders import make_case
from web.client import Client

pytestmark = pytest.mark.django_db

BOX = {"x1": 10, "y1": 12.5, "x2": 40, "y2": 42.5}


@pytest.fixture
def field() -> Field:
    case = make_case(make_user(role="technician"))
    files = [as_file(picture_bytes())]
    [outcome] = fields_upload(by=case.created_by, case=case, files=files, kind="field", microns_per_pixel=None)
    assert outcome.field
    return outcome.field


def client_of(field: Field) -> Client:
    return Client(field.case.created_by)


def draw(field: Field, **body: Any) -> tuple[int, Any]:
    return client_of(field).post(f"reviews/fields/{field.pk}/cells", BOX | body)


def move(cell: Cell, **body: Any) -> tuple[int, Any]:
    values = {"x1": 20, "y1": 10, "x2": 50, "y2": 40, "version": cell.version} | body
    return client_of(cell.field).post(f"reviews/cells/{cell.pk}/move", values)


def test_drawn_cell_is_named_by_the_model_in_a_job(field: Field) -> None:
    status, body = draw(field)
    assert (status, body["origin"], body["shown_class"], body["version"]) == (201, "reader", "unidentified", 1)

    run = RecognitionRun.objects.get()
    execute(run.job_id)

    cell = Cell.objects.get()
    assert (cell.recognition_run_id, cell.model_class != "") == (run.pk, True)


def test_drawn_cell_may_be_named_by_its_reader_at_once(field: Field) -> None:
    _, body = draw(field, reader_class="monocyte")

    assert (body["shown_class"], body["is_confirmed"]) == ("monocyte", True)


def test_undone_drawing_leaves_no_cell_and_redo_brings_it_back(field: Field) -> None:
    _, body = draw(field)
    client = client_of(field)

    assert client.post(f"reviews/cases/{field.case_id}/undo")[1]["cells"][0]["is_deleted"] is True
    assert client.get(f"fields/{field.pk}/cells")[1] == []
    client.post(f"reviews/cases/{field.case_id}/redo")
    assert [cell["id"] for cell in client.get(f"fields/{field.pk}/cells")[1]] == [body["id"]]


def test_moved_cell_gets_a_new_picture_and_is_named_again(field: Field) -> None:
    cell = make_cell(field, x1=0, y1=0, x2=20, y2=20, reader_class="basophil", is_confirmed=True)
    before = cell_picture(cell)

    status, body = move(cell)
    assert (status, body["x1"], body["version"], body["reader_class"]) == (200, 20, 2, "basophil")
    run = RecognitionRun.objects.get()
    execute(run.job_id)

    cell.refresh_from_db()
    assert cell.recognition_run_id == run.pk
    assert cell_picture(cell) != before
    with Image.open(io.BytesIO(cell_picture(cell))) as picture:
        assert picture.size == (48, 48)


def test_undone_move_is_named_again_at_the_old_place(field: Field) -> None:
    cell = make_cell(field, x1=0, y1=0, x2=20, y2=20)
    move(cell)
    execute(RecognitionRun.objects.get().job_id)

    client_of(field).post(f"reviews/cases/{field.case_id}/undo")

    cell.refresh_from_db()
    assert (cell.box_xyxy, cell.recognition_run_id) == ((0, 0, 20, 20), None)
    assert RecognitionRun.objects.count() == 2


def test_move_of_an_old_version_is_refused(field: Field) -> None:
    cell = make_cell(field, x1=0, y1=0, x2=20, y2=20)
    move(cell)

    status, body = move(cell)
    assert (status, body["code"]) == (409, "stale_version")


@pytest.mark.parametrize(
    "box",
    [
        {"x1": -1},
        {"x2": 65},
        {"y2": 49},
        {"x1": 40, "x2": 10},
        {"x1": 10, "x2": 12},
        {"x1": "nan"},
        {"x1": "inf"},
        {"x1": None},
    ],
    ids=str,
)
def test_box_that_is_none_is_refused(field: Field, box: dict[str, Any]) -> None:
    status, body = draw(field, **box)

    assert (status, body["code"]) == (400, "validation")
    assert not Cell.objects.exists()


def test_ready_made_crop_has_no_box_to_draw_or_move(field: Field) -> None:
    crop = make_field(field.case, kind="crop", width=64, height=48)

    assert draw(crop)[0] == 400
    assert move(make_cell(crop))[0] == 400


def test_deleted_cell_is_not_moved(field: Field) -> None:
    assert move(make_cell(field, x1=0, y1=0, x2=20, y2=20, is_deleted=True))[0] == 409
