"""The worklist: cases made, found, assigned, changed until they are signed."""

import json
from typing import Any

import pytest
from django.utils import timezone

from hemascope.hematology.classification.context import Lesion
from hemascope.web.accounts.models import User
from hemascope.web.audit.models import AuditEvent
from hemascope.web.cases.models import Case
from web.builders import make_department, make_user
from web.cases.builders import make_case
from web.client import Client
from web.patients.builders import make_patient

pytestmark = pytest.mark.django_db


@pytest.fixture
def technician() -> User:
    return make_user(role="technician", department=make_department())


def new_case(by: User, **changes: Any) -> tuple[int, dict[str, Any]]:
    patient = changes.pop("patient", None) or make_patient(by).pk
    body = {"patient": patient, "specimen": "peripheral-blood", "collected_on": "2026-03-04"}
    return Client(by).post("cases", body | changes)


def test_new_case_has_a_number_of_its_own_and_the_department_of_who_made_it(technician: User) -> None:
    _, first = new_case(technician)
    _, second = new_case(technician)

    year = timezone.now().year
    assert (first["number"], second["number"]) == (f"{year}-000001", f"{year}-000002")
    assert (first["state"], first["version"], first["department"]) == ("new", 1, technician.department_id)
    assert (first["created_by"], first["created_by_name"]) == (technician.pk, str(technician))


def test_number_of_a_deleted_case_is_not_given_again(technician: User) -> None:
    _, first = new_case(technician)
    Client(technician).delete(f"cases/{first['id']}")

    assert new_case(technician)[1]["number"] != first["number"]


def test_context_is_what_the_classification_takes(technician: User) -> None:
    facts = {"lesions": ["NPM1"], "blood_blasts": {"count": 12, "of": 200}, "auer_rods": True}

    status, case = new_case(technician, context=facts, wbc_e9_per_l=12.5)

    context = Case.objects.get().clinical_context
    assert (status, case["context"], case["wbc_e9_per_l"]) == (201, facts, 12.5)
    assert (context.lesions, context.auer_rods, context.dysplasia) == ((Lesion.NPM1,), True, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"patient": 4711}, "patient"),
        ({"specimen": "urine"}, "specimen"),
        ({"specimen": None}, "specimen"),
        ({"stain": "blue"}, "stain"),
        ({"collected_on": "yesterday"}, "collected_on"),
        ({"clinical_question": "x" * 2001}, "clinical_question"),
        ({"wbc_e9_per_l": -1}, "wbc_e9_per_l"),
        ({"wbc_e9_per_l": "nan"}, "wbc_e9_per_l"),
        ({"wbc_e9_per_l": "inf"}, "wbc_e9_per_l"),
        ({"context": []}, "context"),
        ({"context": {"unheard_of": 1}}, "context"),
        ({"context": {"lesions": ["XYZ"]}}, "context"),
        ({"context": {"blood_blasts": {"count": 3, "of": 2}}}, "context"),
        ({"context": {"reviewed": True}}, "context"),
        ({"context": {"out_of_distribution": False}}, "context"),
    ],
)
def test_case_with_a_wrong_field_is_refused(technician: User, changes: dict[str, Any], field: str) -> None:
    status, answer = new_case(technician, **changes)

    assert (status, answer["code"], list(answer["detail"])) == (400, "validation", [field])
    assert not Case.objects.exists()


def test_state_number_and_reader_cannot_be_sent_along(technician: User) -> None:
    _, case = new_case(technician, state="signed", number="1", reader=technician.pk)

    assert (case["state"], case["reader"]) == ("new", None)
    assert case["number"] != "1"


def test_case_of_a_patient_in_another_department_is_refused_as_if_there_were_none(technician: User) -> None:
    stranger = make_patient(make_user(department=make_department()))

    _, answer = new_case(technician, patient=stranger.pk)

    assert answer["detail"]["patient"][0]["code"] == "does_not_exist"


@pytest.mark.parametrize(("role", "name"), [("viewer", "王**"), ("doctor", "王小明")])
def test_name_in_the_worklist_is_masked_unless_the_role_may_see_it(role: str, name: str) -> None:
    make_case()
    person = make_user(role=role)

    _, page = Client(person).get("cases")

    assert page["results"][0]["patient"]["name"] == name
    assert AuditEvent.objects.filter(verb="patient.identity", actor=person).exists() is (role == "doctor")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"version": 1, "stain": "wright"}, 409, "stale_version"),
        ({"stain": "wright"}, 400, "validation"),
        ({"version": 2, "stain": "wright"}, 200, None),
    ],
)
def test_second_of_two_changes_of_one_version_is_refused(
    technician: User, body: dict[str, Any], status: int, code: str | None
) -> None:
    case, client = make_case(technician), Client(technician)
    client.patch(f"cases/{case.pk}", {"version": 1, "stain": "giemsa"})

    answer = client.patch(f"cases/{case.pk}", body)

    assert (answer[0], answer[1].get("code")) == (status, code)


@pytest.mark.parametrize("state", ["signed", "amended"])
def test_signed_case_is_neither_changed_nor_assigned_nor_deleted(technician: User, state: str) -> None:
    case, client = make_case(technician, state=state), Client(technician)

    answers = [
        client.patch(f"cases/{case.pk}", {"version": 1, "stain": "wright"}),
        client.post(f"cases/{case.pk}/assign", {"version": 1, "reader": technician.pk}),
        client.delete(f"cases/{case.pk}"),
    ]

    assert [(status, answer["code"]) for status, answer in answers] == [(409, "conflict")] * 3


@pytest.mark.parametrize("state", ["analysed", "in_review"])
def test_case_is_deleted_only_while_it_is_new(technician: User, state: str) -> None:
    case = make_case(technician, state=state)

    assert Client(technician).delete(f"cases/{case.pk}")[0] == 409

    assert Client(technician).delete(f"cases/{make_case(technician).pk}")[0] == 204
    assert Case.objects.get() == case


def test_reader_is_assigned_and_taken_off_again(technician: User) -> None:
    case, client = make_case(technician), Client(technician)
    doctor = make_user("lin", role="doctor", department=technician.department)

    _, assigned = client.post(f"cases/{case.pk}/assign", {"version": 1, "reader": doctor.pk})
    _, freed = client.post(f"cases/{case.pk}/assign", {"version": 2, "reader": None})

    assert (assigned["reader"], assigned["reader_name"]) == (doctor.pk, "lin")
    assert (freed["reader"], freed["version"]) == (None, 3)


def reader_of_no_use(kind: str, technician: User) -> User:
    match kind:
        case "viewer":
            return make_user(role="viewer", department=technician.department)
        case "elsewhere":
            return make_user(role="doctor", department=make_department())
        case "gone":
            return make_user(role="doctor", department=technician.department, is_active=False)
    raise ValueError(kind)


@pytest.mark.parametrize("kind", ["viewer", "elsewhere", "gone"])
def test_reader_who_cannot_read_the_case_is_refused_and_not_offered(technician: User, kind: str) -> None:
    case, client = make_case(technician), Client(technician)
    reader = reader_of_no_use(kind, technician)

    status, answer = client.post(f"cases/{case.pk}/assign", {"version": 1, "reader": reader.pk})

    assert (status, answer["detail"]["reader"][0]["code"]) == (400, "reader")
    assert [row["id"] for row in client.get(f"cases/{case.pk}/readers")[1]] == [technician.pk]


def test_case_given_to_another_department_needs_its_reader_taken_off_first(technician: User) -> None:
    case, elsewhere = make_case(technician, reader=technician), make_department()

    status, answer = Client(technician).patch(f"cases/{case.pk}", {"version": 1, "department": elsewhere.pk})

    assert (status, list(answer["detail"])) == (400, ["reader"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["signed", "new"]),  # the newest number first
        ({"ordering": "collected_on"}, ["new", "signed"]),
        ({"ordering": "patient__hospital_number"}, ["new", "signed"]),
        ({"state": "new"}, ["new"]),
        ({"state": ["new", "signed"]}, ["signed", "new"]),
        ({"specimen": "peripheral-blood"}, ["signed"]),
        ({"collected_from": "2026-05-01"}, ["signed"]),
        ({"collected_to": "2026-05-01"}, ["new"]),
        ({"is_assigned": "true"}, ["signed"]),
        ({"is_assigned": "false"}, ["new"]),
        ({"search": "relapse"}, ["signed"]),
        ({"search": "李"}, ["signed"]),
        ({"search": "h1"}, ["new"]),
        ({"search": str(timezone.now().year)}, ["signed", "new"]),
        ({"search": "nothing"}, []),
        ({"page_size": 1, "page": 2}, ["new"]),
    ],
)
def test_worklist_is_filtered_and_ordered(technician: User, query: dict[str, Any], found: list[str]) -> None:
    make_case(technician, patient=make_patient(technician, hospital_number="H1"))
    make_case(
        technician,
        patient=make_patient(technician, hospital_number="H2", name="李娜"),
        specimen="peripheral-blood",
        collected_on="2026-06-01",
        clinical_question="Relapse?",
        reader=technician,
        state="signed",
    )

    _, page = Client(technician).get("cases", **query)

    assert [row["state"] for row in page["results"]] == found


def test_worklist_of_a_patient_or_reader(technician: User) -> None:
    case = make_case(technician, reader=technician)
    make_case(technician)
    client = Client(technician)

    for query in ({"patient": case.patient_id}, {"reader": technician.pk}):
        assert [row["id"] for row in client.get("cases", **query)[1]["results"]] == [case.pk]


def test_summary_counts_what_the_person_sees(technician: User) -> None:
    make_case(technician, reader=technician)
    make_case(technician, state="in_review")
    make_case(technician, state="signed", reader=technician)
    make_case(make_user(department=make_department()))

    _, summary = Client(technician).get("cases/summary")

    assert summary == {
        "by_state": {"new": 1, "analysed": 0, "in_review": 1, "signed": 1, "amended": 0},
        "assigned_to_me": 1,
    }


def test_changes_are_audited_by_the_names_of_the_fields(technician: User) -> None:
    case = make_case(technician)

    Client(technician).patch(f"cases/{case.pk}", {"version": 1, "clinical_question": "AML of 王小明?"})

    event = AuditEvent.objects.get(verb="case.update")
    assert (event.subject_id, json.loads(event.changes)) == (str(case.pk), {"fields": ["clinical_question"]})
