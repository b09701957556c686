"""Finding signed reports."""

import pytest

from web.builders import make_department, make_user
from web.client import Client
from web.patients.builders import make_patient
from web.reports.builders import make_counted_case, make_report

pytestmark = pytest.mark.django_db

FEW = {"lymphocyte": 3}


def test_reports_are_found_by_case_question_and_patient() -> None:
    owner = make_user(role="administrator")
    patient = make_patient(owner, hospital_number="A-17")
    wanted = make_report(case=make_counted_case(owner, FEW, patient=patient, clinical_question="Pancytopenia"))
    make_report(case=make_counted_case(owner, FEW, clinical_question="Fever"))

    for text in (wanted.case.number, "pancyto", "A-17"):
        _, found = Client(owner).get(f"reports?search={text}")
        assert [one["id"] for one in found["results"]] == [wanted.pk]
    assert Client(owner).get("reports?search=nothing")[1]["count"] == 0


def test_a_search_finds_no_report_of_another_department() -> None:
    report = make_report(case=make_counted_case(make_user(role="technician", department=make_department()), FEW))

    stranger = make_user(role="doctor", department=make_department())
    assert Client(stranger).get(f"reports?search={report.case.number}")[1]["count"] == 0
