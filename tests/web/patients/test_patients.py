"""Patients: masked for most, never changed unseen, never deleted under a case."""

import json
from typing import Any

import pytest
from django.core.cache import cache

from hemascope.web.accounts.models import User
from hemascope.web.audit.models import AuditEvent
from hemascope.web.patients.models import Patient
from hemascope.web.patients.sheets.reading import read_sheet
from web.builders import make_department, make_user
from web.cases.builders import make_case
from web.client import Client
from web.patients.builders import IDENTITY, make_patient

pytestmark = pytest.mark.django_db

MASKED = {"name": "王**", "id_card": "****1X", "phone": "****00", "is_masked": True}


@pytest.fixture
def technician() -> User:
    return make_user(role="technician")


def identity(row: dict[str, Any]) -> dict[str, Any]:
    return {field: row[field] for field in (*IDENTITY, "is_masked")}


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("viewer", MASKED),
        ("administrator", MASKED),
        ("technician", IDENTITY | {"is_masked": False}),
        ("doctor", IDENTITY | {"is_masked": False}),
    ],
)
def test_identity_is_masked_unless_the_role_may_see_it(role: str, shown: dict[str, Any]) -> None:
    patient = make_patient()
    client = Client(make_user(role=role))

    assert identity(client.get("patients")[1]["results"][0]) == shown
    assert identity(client.get(f"patients/{patient.pk}")[1]) == shown


def identity_events() -> list[tuple[str, list[int]]]:
    events = AuditEvent.objects.filter(verb="patient.identity").order_by("sequence")
    return [(event.actor_name, json.loads(event.changes)["patients"]) for event in events]


def test_reading_identities_is_audited_once_an_hour(technician: User) -> None:
    first, client = make_patient(), Client(technician)
    client.get("patients")
    client.get("patients")  # the page refreshes itself
    second = make_patient()
    client.get("patients")
    cache.clear()  # an hour later
    client.get(f"patients/{first.pk}")

    name = technician.username
    assert identity_events() == [(name, [first.pk]), (name, [second.pk]), (name, [first.pk])]


def test_reading_masked_lists_leaves_no_event() -> None:
    make_patient()

    Client(make_user()).get("patients")

    assert identity_events() == []


def test_created_patient_is_in_the_department_of_who_made_it() -> None:
    doctor = make_user(role="doctor", department=make_department())

    status, patient = Client(doctor).post("patients", {"hospital_number": " ｈ7 ", "sex": "female"} | IDENTITY)

    assert (status, patient["hospital_number"], patient["version"]) == (201, "H7", 1)
    assert (patient["department"], patient["created_by"]) == (doctor.department_id, doctor.pk)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"hospital_number": "h1"}, "hospital_number", "unique"),
        ({"hospital_number": " "}, "hospital_number", "blank"),
        ({"hospital_number": "H2\n"}, None, None),  # trimmed
        ({"hospital_number": "H\t2"}, "hospital_number", "invalid"),
        ({"name": ""}, "name", "blank"),
        ({"name": "x" * 101}, "name", "max_length"),
        ({"name": "a\0b"}, "name", "null_characters_not_allowed"),
        ({"id_card": "1.1E+17"}, "id_card", "invalid"),
        ({"birth_date": "1700-01-01"}, "birth_date", "implausible"),
        ({"birth_date": "07.03.1990"}, "birth_date", "invalid"),
        ({"sex": "unknown"}, "sex", "invalid_choice"),
        ({"department": 4711}, "department", "does_not_exist"),
    ],
)
def test_patient_with_a_wrong_field_is_refused(
    technician: User, changes: dict[str, Any], field: str | None, code: str | None
) -> None:
    make_patient(hospital_number="H1")

    status, answer = Client(technician).post("patients", {"hospital_number": "H2"} | IDENTITY | changes)

    if field is None:
        assert status == 201
        return
    assert (status, answer["code"]) == (400, "validation")
    assert code in [fault["code"] for fault in answer["detail"][field]]


def test_change_makes_a_new_version_and_an_event_without_values(technician: User) -> None:
    patient = make_patient()

    _, changed = Client(technician).patch(f"patients/{patient.pk}", {"version": 1, "name": "李娜"})

    assert (changed["name"], changed["version"]) == ("李娜", 2)
    event = AuditEvent.objects.get(verb="patient.update")
    assert (event.subject_id, event.changes) == (str(patient.pk), '{"fields": ["name"]}')


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "A", "version": 1}, 409, "stale_version"),
        ({"name": "A"}, 400, "validation"),
        ({"name": "A", "version": "x"}, 400, "validation"),
    ],
)
def test_second_of_two_changes_of_one_version_is_refused(
    technician: User, body: dict[str, Any], status: int, code: str
) -> None:
    patient = make_patient()
    client = Client(technician)
    client.patch(f"patients/{patient.pk}", {"version": 1, "name": "李娜"})

    answer = client.patch(f"patients/{patient.pk}", body)

    assert (answer[0], answer[1]["code"]) == (status, code)
    assert Patient.objects.get().name == "李娜"


def test_own_number_sent_along_with_a_change_is_no_duplicate(technician: User) -> None:
    patient = make_patient()
    body = {"version": 1, "hospital_number": patient.hospital_number, "phone": ""}

    assert Client(technician).patch(f"patients/{patient.pk}", body)[0] == 200


def test_patient_with_a_case_is_not_deleted_and_the_case_is_named(technician: User) -> None:
    case = make_case(state="signed")

    status, answer = Client(technician).delete(f"patients/{case.patient_id}")

    assert (status, answer["code"]) == (409, "conflict")
    assert case.number in answer["message"]
    assert Patient.objects.exists()


def test_deleted_patient_is_gone_but_its_event_stays(technician: User) -> None:
    patient = make_patient()

    assert Client(technician).delete(f"patients/{patient.pk}")[0] == 204

    assert not Patient.objects.exists()
    assert AuditEvent.objects.get(verb="patient.delete").subject_id == str(patient.pk)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, ["H2", "H1"]),  # the newest change first
        ({"ordering": "hospital_number"}, ["H1", "H2"]),
        ({"ordering": "name"}, ["H2", "H1"]),  # an encrypted column cannot be sorted by
        ({"search": "李"}, ["H2"]),
        ({"sex": "female"}, ["H2"]),
        ({"hospital_number": "H1"}, ["H1"]),
        ({"birth_date_from": "1995-01-01"}, ["H2"]),
        ({"birth_date_to": "1995-01-01"}, ["H1"]),
        ({"created_from": "2999-01-01T00:00:00Z"}, []),
        ({"page_size": 1, "page": 2}, ["H1"]),
    ],
)
def test_list_is_filtered_and_ordered(technician: User, query: dict[str, Any], numbers: list[str]) -> None:
    make_patient(hospital_number="H1")
    make_patient(hospital_number="H2", name="李娜", sex="female", birth_date="2000-01-01")

    _, page = Client(technician).get("patients", **query)

    assert [row["hospital_number"] for row in page["results"]] == numbers


@pytest.mark.parametrize("file_type", ["csv", "xlsx"])
def test_export_holds_the_filtered_patients_and_can_be_imported(technician: User, file_type: str) -> None:
    make_patient(hospital_number="H1")
    make_patient(hospital_number="H2", name="=cmd()", sex="female")

    status, answer = Client(technician).get("patients/export", file_type=file_type, sex="female")

    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    sheet = read_sheet(content)
    assert (status, sheet.header[:2]) == (200, ["hospital_number", "name"])
    assert sheet.rows == [(2, ["H2", "=cmd()", IDENTITY["id_card"], IDENTITY["phone"], "female", "1990-03-07"])]
    assert answer["Content-Disposition"] == f'attachment; filename="patients.{file_type}"'


def test_export_is_audited_without_identities(technician: User) -> None:
    make_patient()

    Client(technician).get("patients/export", search="王小明")

    event = AuditEvent.objects.get(verb="patients.export")
    assert (event.actor, event.changes) == (technician, '{"count": 1, "file_type": "csv"}')


def test_export_of_another_kind_is_refused(technician: User) -> None:
    assert Client(technician).get("patients/export", file_type="pdf")[0] == 400


def test_export_leaves_out_other_departments() -> None:
    make_patient(make_user(department=make_department()))

    _, answer = Client(make_user(role="doctor", department=make_department())).get("patients/export")

    assert len(read_sheet(b"".join(answer.streaming_content)).rows) == 0
