"""The gallery and the table of all cells: what is shown, in which order, page by page; and the CSV of it."""

import csv
import io
from typing import Any

import pytest

from hemascope.web.accounts.models import User
from web.analyses.builders import make_cell, make_field
from web.builders import make_user
from web.cases.builders import make_case
from web.client import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin() -> User:
    return make_user("lin", role="doctor")


def listed(person: User, **query: Any) -> list[int]:
    status, body = Client(person).get("reviews/cells", **query)
    assert status == 200, body
    return [cell["id"] for cell in body["results"]]


def test_group_of_the_gallery_shows_the_most_ambiguous_first(lin: User) -> None:
    field = make_field(make_case(lin))
    cells = [make_cell(field, ambiguity=ambiguity) for ambiguity in (0.1, 0.9, 0.5, 0.9)]
    make_cell(field, reader_class="monocyte")
    make_cell(field, is_deleted=True)

    found = listed(lin, case=field.case_id, shown_class="lymphocyte", ordering="-ambiguity")
    assert found == [cells[i].pk for i in (1, 3, 2, 0)]


@pytest.mark.parametrize("ordering", ["-ambiguity", "ambiguity", "-pk", "pk", "-updated_at"])
def test_pages_hold_every_cell_once_also_where_values_are_equal(lin: User, ordering: str) -> None:
    field = make_field(make_case(lin))
    cells = [make_cell(field, ambiguity=[0.1, 1.0, 0.123456][i % 3]) for i in range(11)]
    client = Client(lin)

    _, page = client.get("reviews/cells", case=field.case_id, ordering=ordering, page_size=2)
    seen = [cell["id"] for cell in page["results"]]
    while page["next"]:
        page = client.api.get(page["next"]).json()
        seen += [cell["id"] for cell in page["results"]]

    assert "count" not in page
    assert sorted(seen) == [cell.pk for cell in cells]


@pytest.mark.parametrize("ordering", ["-ambiguity", "updated_at"])
def test_cells_of_one_case_are_ordered_by_other_columns_and_not_a_million(lin: User, ordering: str) -> None:
    status, body = Client(lin).get("reviews/cells", ordering=ordering)

    assert (status, list(body["detail"])) == (400, ["ordering"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [0, 1, 2]),
        ({"shown_class": "unidentified"}, [2]),
        ({"shown_class": "monocyte"}, [1]),
        ({"model_class": "lymphocyte"}, [0, 1]),
        ({"is_confirmed": "true"}, [1]),
        ({"is_deleted": "true"}, [3]),
        ({"search": "SMEAR 1"}, [0, 1, 2]),
        ({"search": "other"}, []),
        ({"origin": "reader"}, []),
        ({"updated_to": "2001-01-01T00:00:00Z"}, []),
    ],
)
def test_table_is_filtered(lin: User, query: dict[str, str], found: list[int]) -> None:
    field = make_field(make_case(lin), original_name="smear 1.png")
    cells = [
        make_cell(field),
        make_cell(field, reader_class="monocyte", is_confirmed=True),
        make_cell(field, model_class="basophil", is_unidentified=True),
        make_cell(field, is_deleted=True),
    ]

    assert listed(lin, ordering="pk", **query) == [cells[i].pk for i in found]


def test_table_is_filtered_by_patient_case_and_uploader(lin: User) -> None:
    field = make_field(make_case(lin))
    cell = make_cell(field)
    make_cell(make_field(make_case()))

    for query in ({"patient": field.case.patient_id}, {"case": field.case_id}, {"uploaded_by": lin.pk}):
        assert listed(lin, **query) == [cell.pk]


def test_row_of_the_table_names_case_patient_and_file(lin: User) -> None:
    cell = make_cell(make_field(make_case(lin), original_name="smear 1.png"))

    _, row = Client(lin).get(f"reviews/cells/{cell.pk}")

    assert (row["case_number"], row["patient"]) == (cell.case.number, cell.case.patient_id)
    assert (row["file_name"], row["uploaded_by"]) == ("smear 1.png", lin.pk)
    assert row["hospital_number"] == cell.case.patient.hospital_number


def test_row_of_the_table_names_who_uploaded_and_who_verified(lin: User) -> None:
    wang = make_user("wang", role="doctor", nickname="Dr Wang")
    field = make_field(make_case(lin))
    for verified_by, name in ((wang, "Dr Wang"), (lin, "lin"), (None, None)):
        cell = make_cell(field, verified_by=verified_by)

        _, row = Client(lin).get(f"reviews/cells/{cell.pk}")

        assert (row["uploaded_by_name"], row["verified_by_name"]) == ("lin", name)


def test_page_costs_the_same_number_of_queries_however_many_cells(
    lin: User, django_assert_max_num_queries: Any
) -> None:
    field = make_field(make_case(lin))
    for _ in range(20):
        make_cell(field)
    client = Client(lin)

    with django_assert_max_num_queries(4):  # session, user, cells
        client.get("reviews/cells", case=field.case_id)


def test_exported_table_holds_the_filtered_rows_in_both_languages(lin: User) -> None:
    cell = make_cell(make_field(make_case(lin)), reader_class="monocyte", is_confirmed=True, verified_by=lin)
    make_cell(cell.field, reader_class="basophil")

    _, answer = Client(lin).get("reviews/cells/export", shown_class="monocyte")

    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    [row] = list(csv.DictReader(io.StringIO(text)))
    assert (row["cell"], row["case"], row["class"], row["verified_by"]) == (
        str(cell.pk),
        cell.case.number,
        "monocyte",
        "lin",
    )
    assert (row["name_en"], row["name_zh"], row["is_confirmed"]) == ("Monocyte", "单核细胞", "1")


def test_references_are_the_clearest_confirmed_cells_of_the_same_specimen(lin: User) -> None:
    marrow, blood = make_field(make_case(lin)), make_field(make_case(lin, specimen="peripheral-blood"))
    confirmed = {"is_confirmed": True, "reader_class": "monocyte"}
    unclear = make_cell(marrow, ambiguity=0.9, **confirmed)
    clear = make_cell(marrow, ambiguity=0.1, **confirmed)
    make_cell(marrow, reader_class="monocyte")
    make_cell(blood, **confirmed)

    address = f"reviews/cases/{marrow.case_id}/references"
    _, body = Client(lin).get(address, first="monocyte", second="lymphocyte")

    assert [cell["id"] for cell in body["first"]] == [clear.pk, unclear.pk]
    assert body["second"] == []
    assert Client(lin).get(address, first="monocyte", second="unicorn")[0] == 400


def test_class_of_a_cell_that_no_reader_named_is_null(lin: User) -> None:
    field = make_field(make_case(lin))
    cells = {make_cell(field).pk: None, make_cell(field, reader_class="monocyte").pk: "monocyte"}
    client = Client(lin)

    of_field, page = client.get(f"fields/{field.pk}/cells")[1], client.get("reviews/cells")[1]
    for rows in (of_field, page["results"]):
        assert {row["id"]: row["reader_class"] for row in rows} == cells
