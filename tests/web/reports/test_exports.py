"""The same numbers in every form a report leaves the workstation in."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from openpyxl import load_workbook

from hemascope.hematology.differential import RESEARCH_USE, Differential
from hemascope.web.accounts.models import User
from hemascope.web.audit.models import AuditEvent
from hemascope.web.reports.models import Report
from hemascope.web.reports.selectors import signed_report
from web.builders import make_user
from web.client import Client
from web.reports.builders import CONCLUSION, make_counted_case, make_report

pytestmark = pytest.mark.django_db

HOSTILE = '=HYPERLINK("http://evil.test")'


@pytest.fixture
def report() -> Report:
    return make_report()


@pytest.fixture
def reader() -> User:
    return make_user(role="doctor")


def download(reader: User, report: Report, form: str, **query: str) -> bytes:
    status, answer = Client(reader).get(f"reports/{report.pk}/{form}", **query)
    assert status == 200, answer
    assert answer["Content-Disposition"].startswith(f'attachment; filename="hemascope-{report}.')
    return bytes(answer.content)


def differential_of(report: Report) -> Differential:
    return signed_report(report).analysis.differential


def percents(report: Report) -> Mapping[str, tuple[int, float]]:
    return {row.class_id: (row.count, row.percent) for row in differential_of(report).rows if row.percent is not None}


def test_csv_has_the_numbers_of_the_differential_unrounded(report: Report, reader: User) -> None:
    rows = list(csv.DictReader(io.StringIO(download(reader, report, "csv").decode("utf-8-sig"))))

    found = {row["class"]: (int(row["count"]), float(row["percent"])) for row in rows if row["percent"]}
    assert found == percents(report)
    assert {row["class"] for row in rows} == {row.class_id for row in differential_of(report).rows}
    assert {row["research_use"] for row in rows} == {RESEARCH_USE}


def test_xlsx_has_the_numbers_as_numbers(report: Report, reader: User) -> None:
    book = load_workbook(io.BytesIO(download(reader, report, "xlsx")))

    header, *rows = book["differential"].values
    columns = [header.index(name) for name in ("class", "count", "percent")]
    named = [tuple(row[column] for column in columns) for row in rows]
    found = {name: (count, percent) for name, count, percent in named if percent is not None}
    assert found == {
        name: (count, pytest.approx(percent, rel=1e-14)) for name, (count, percent) in percents(report).items()
    }
    facts = dict(book["report"].values)
    assert (facts["conclusion"], facts["research_use"], facts["sha256"]) == (CONCLUSION, RESEARCH_USE, report.sha256)


def test_text_that_would_run_in_a_spreadsheet_stays_text(reader: User) -> None:
    report = make_report(case=make_counted_case(clinical_question=HOSTILE))

    book = load_workbook(io.BytesIO(download(reader, report, "xlsx")))

    cell = next(row[1] for row in book["report"].iter_rows() if row[0].value == "clinical_question")
    assert (cell.value, cell.data_type) == (HOSTILE, "s")
    assert HOSTILE not in download(reader, report, "csv").decode()


def test_fhir_bundle_is_valid_and_has_the_numbers(report: Report, reader: User) -> None:
    bundle = json.loads(download(reader, report, "fhir"))

    Bundle.model_validate(bundle)
    resources = [entry["resource"] for entry in bundle["entry"]]
    counts = [component_counts(one) for one in resources if one["resourceType"] == "Observation" and is_share(one)]
    expected = [(count, round(percent, 2)) for count, percent in percents(report).values()]
    assert sorted(counts) == sorted(expected)
    head = next(one for one in resources if one["resourceType"] == "DiagnosticReport")
    assert (head["status"], CONCLUSION in head["conclusion"]) == ("final", True)
    assert "conclusionCode" not in head
    device = next(one for one in resources if one["resourceType"] == "Device")
    assert device["deviceName"][0]["name"] == "classifier-light"


def is_share(observation: Mapping[str, Any]) -> bool:
    return observation.get("valueQuantity", {}).get("unit") == "%"


def component_counts(observation: Mapping[str, Any]) -> tuple[int, float]:
    count = next(one["valueInteger"] for one in observation["component"] if one["code"]["text"] == "count")
    return count, observation["valueQuantity"]["value"]


def test_hl7_message_has_the_numbers(report: Report, reader: User) -> None:
    segments = download(reader, report, "hl7").decode().split("\r")

    values = sorted(float(one.split("|")[5]) for one in segments if one.startswith("OBX") and "|%^%" in one)
    assert values == sorted(round(percent, 2) for _, percent in percents(report).values())
    assert any(RESEARCH_USE in one for one in segments)


@pytest.mark.parametrize("form", ["fhir", "hl7", "csv", "xlsx"])
def test_name_of_the_patient_is_never_sent_and_the_export_is_remembered(
    report: Report, reader: User, form: str
) -> None:
    content = download(reader, report, form)

    assert report.case.patient.name.encode() not in content
    event = AuditEvent.objects.get(verb="report.export")
    assert (event.actor, event.subject_id) == (reader, str(report.pk))


def test_document_is_what_was_signed_with_its_words(report: Report, reader: User) -> None:
    status, body = Client(reader).get(f"reports/{report.pk}/document", language="zh")

    assert (status, body["words"]["heading"]) == (200, "建议")
    assert body["document"] == json.loads(report.document)


def test_reports_are_found_by_case_patient_and_signer(report: Report, reader: User) -> None:
    make_report()

    for query in (
        {"case": report.case_id},
        {"patient": report.case.patient_id},
        {"case_number": report.case.number},
        {"signed_by": report.signed_by_id},
    ):
        _, page = Client(reader).get("reports", **query)
        assert [row["id"] for row in page["results"]] == [report.pk]
