"""Patients out of spreadsheets: nothing unless asked, and every row that fails says why."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hemascope.web.accounts.models import User
from hemascope.web.audit.models import AuditEvent
from hemascope.web.patients.models import Patient
from web.builders import make_department, make_user
from web.client import Client
from web.patients.builders import make_patient

pytestmark = pytest.mark.django_db

HEADER = "hospital_number,name,id_card,phone,sex,birth_date,keywords"
GOOD = "h1,王小明,11010119900307701x,13800138000,男,1990/3/7,AML"


@pytest.fixture
def technician() -> User:
    return make_user(role="technician", department=make_department())


def upload(by: User, *rows: str, mode: str = "", header: str = HEADER) -> tuple[int, dict[str, Any]]:
    content = "\n".join((header, *rows)).encode()
    body = {"file": SimpleUploadedFile("patients.csv", content)} | ({"mode": mode} if mode else {})
    return Client(by).post("patients/import", body, format="multipart")


def test_upload_alone_imports_nothing_and_shows_what_was_understood(technician: User) -> None:
    status, answer = upload(technician, GOOD)

    assert status == 200
    assert answer == {
        "row_count": 1,
        "valid_count": 1,
        "fault_count": 0,
        "imported_count": 0,
        "ignored_columns": [],
        "faults": [],
        "preview": [
            {
                "hospital_number": "H1",
                "name": "王小明",
                "id_card": "11010119900307701X",
                "phone": "13800138000",
                "sex": "male",
                "birth_date": "1990-03-07",
                "keywords": "AML",
            }
        ],
    }
    assert not Patient.objects.exists()
    assert not AuditEvent.objects.exists()


def test_imported_patients_are_in_the_department_and_can_be_searched(technician: User) -> None:
    assert upload(technician, GOOD, "H2,李娜,,,,,", mode="all")[1]["imported_count"] == 2

    _, page = Client(technician).get("patients", search="李")
    assert [(row["hospital_number"], row["name"]) for row in page["results"]] == [("H2", "李娜")]
    assert set(Patient.objects.values_list("department", "created_by")) == {(technician.department_id, technician.pk)}


@pytest.mark.parametrize(
    ("row", "field", "value", "code"),
    [
        (",王小明,,,,,", "hospital_number", "", "blank"),
        ("H1,,,,,,", "name", "", "blank"),
        ("H1", "name", "", "blank"),  # the row ends early
        ("TAKEN,王小明,,,,,", "hospital_number", "TAKEN", "duplicate"),
        ("ｔaken,王小明,,,,,", "hospital_number", "TAKEN", "duplicate"),  # full width, lower case
        (f"{'9' * 41},王小明,,,,,", "hospital_number", "9" * 41, "max_length"),
        (f"H1,{'x' * 101},,,,,", "name", "x" * 100, "max_length"),
        ("H1,a\x07b,,,,,", "name", "a\x07b", "invalid"),
        ("H1,王小明,1.10101E+17,,,,", "id_card", "1.10101E+17", "invalid"),
        ("H1,王小明,,,unknown,,", "sex", "unknown", "invalid_choice"),
        ("H1,王小明,,,,31.12.1990,", "birth_date", "31.12.1990", "invalid_date"),
        ("H1,王小明,,,,1990-02-30,", "birth_date", "1990-02-30", "invalid_date"),
        ("H1,王小明,,,,1790-01-01,", "birth_date", "1790-01-01", "implausible"),
        (f"H1,王小明,,,,{date.today() + timedelta(days=2)},", "birth_date", None, "implausible"),
        (f"H1,王小明,,,,,{'k' * 201}", "keywords", "k" * 100, "max_length"),
    ],
)
def test_row_that_fails_says_field_value_and_reason(
    technician: User, row: str, field: str, value: str | None, code: str
) -> None:
    make_patient(hospital_number="TAKEN")

    _, answer = upload(technician, GOOD.replace("h1", "H0"), row)

    (fault,) = answer["faults"]
    assert (fault["row"], fault["field"], fault["code"]) == (3, field, code)
    assert value is None or fault["value"] == value
    assert fault["message"]
    assert (answer["row_count"], answer["valid_count"], answer["fault_count"]) == (2, 1, 1)


def test_row_shows_all_of_its_faults(technician: User) -> None:
    _, answer = upload(technician, "H1,,,,unknown,never,")

    assert {fault["field"] for fault in answer["faults"]} == {"name", "sex", "birth_date"}


def test_number_twice_in_the_file_names_the_first_row(technician: User) -> None:
    _, answer = upload(technician, GOOD, "H2,李娜", GOOD)

    (fault,) = answer["faults"]
    assert (fault["row"], fault["message"]) == (4, "Row 2 has the same number.")


def test_file_with_a_fault_is_imported_wholly_or_not_at_all_unless_told_otherwise(technician: User) -> None:
    status, answer = upload(technician, GOOD, "H2,,,,,,", mode="all")
    assert (status, answer["code"], Patient.objects.count()) == (409, "conflict", 0)
    assert "row 3" in answer["message"]

    _, answer = upload(technician, GOOD, "H2,,,,,,", mode="valid")

    assert (answer["imported_count"], answer["fault_count"]) == (1, 1)
    assert Patient.objects.get().hospital_number == "H1"


def test_number_taken_by_another_department_is_a_duplicate_that_tells_no_more(technician: User) -> None:
    make_patient(make_user(department=make_department()), hospital_number="H1", name="Secret")

    _, answer = upload(technician, GOOD)

    assert [fault["code"] for fault in answer["faults"]] == ["duplicate"]
    assert "Secret" not in json.dumps(answer)


def test_columns_that_are_not_known_are_named(technician: User) -> None:
    assert upload(technician, "3,H1,Lin", header="ward,住院号,姓名")[1]["ignored_columns"] == ["ward"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "validation"),
        ({"mode": "everything"}, 400, "validation"),
        ({"file": b"\x89PNG\0"}, 400, "sheet"),
        ({"file": b"ward\n3\n"}, 400, "sheet"),
        ({"file": b"x" * (5 * 1024 * 1024 + 1)}, 413, "sheet_too_large"),
    ],
)
def test_file_that_is_no_table_of_patients_is_refused(
    technician: User, body: dict[str, Any], status: int, code: str
) -> None:
    if "file" in body:
        body = body | {"file": SimpleUploadedFile("patients.xlsx", body["file"])}

    answer = Client(technician).post("patients/import", body, format="multipart")

    assert (answer[0], answer[1]["code"]) == (status, code)


def test_import_is_audited_without_identities(technician: User) -> None:
    upload(technician, GOOD, mode="all")

    event = AuditEvent.objects.get(verb="patients.import")
    assert set(json.loads(event.changes)) == {"count", "file_sha256"}


def test_statements_do_not_grow_with_the_rows(technician: User) -> None:
    counts = []
    for first in (0, 1000):
        rows = [f"H{first + number},王小明" for number in range(2 if not first else 100)]
        with CaptureQueriesContext(
            connection,
        ) as statements:
            upload(technician, *rows, mode="all")
        counts.append(len(statements))

    assert counts[1] - counts[0] <= 3  # batches of tokens
