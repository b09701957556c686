"""Signing, amending, opening again; and that what was signed stays."""

from typing import Any

import pytest

from hemascope.web.accounts.models import User
from hemascope.web.analyses.models import Cell
from hemascope.web.audit.models import AuditEvent
from hemascope.web.cases.models import Case
from hemascope.web.jobs.models import Job
from hemascope.web.reports.document import sha256_of
from hemascope.web.reports.models import LabSettings, Report
from hemascope.web.reports.selectors import case_analysis, signed_report
from web.builders import PASSWORD, make_user
from web.client import Client
from web.reports.builders import CONCLUSION, add_cells, fingerprint_of, make_counted_case, make_report, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def doctor() -> User:
    return make_user("lin", role="doctor", nickname="Dr. Lin")


def sign(doctor: User, case: Case, verb: str = "sign", **changes: Any) -> tuple[int, Any]:
    body = {"password": PASSWORD, "fingerprint": fingerprint_of(case, doctor), "conclusion": CONCLUSION} | changes
    return Client(doctor).post(f"cases/{case.pk}/{verb}", body)


def reasons(answer: tuple[int, Any]) -> set[str]:
    status, body = answer
    assert (status, body["code"]) == (409, "signing_refused")
    return {one["reason"] for one in body["detail"]["reasons"]}


def test_signing_freezes_the_analysis_and_closes_the_case(doctor: User) -> None:
    case = make_counted_case()
    seen = case_analysis(case=case, by=doctor)

    status, body = sign(doctor, case)

    case.refresh_from_db()
    assert (status, body["number"], body["signed_by_name"], case.state) == (201, 1, "lin", "signed")
    signed = signed_report(Report.objects.get())
    assert signed.analysis == seen
    assert (signed.status, signed.conclusion, signed.signer_name) == ("final", CONCLUSION, "Dr. Lin")
    event = AuditEvent.objects.get(verb="report.sign")
    assert (event.actor, body["sha256"] in event.changes) == (doctor, True)


def test_wrong_password_signs_nothing(doctor: User) -> None:
    status, body = sign(doctor, make_counted_case(), password="wrong")

    assert (status, set(body["detail"])) == (400, {"password"})
    assert not Report.objects.exists()


def test_unidentified_cells_beyond_the_setting_refuse_the_signature(doctor: User) -> None:
    case = make_counted_case(counts={"lymphocyte": 90, "unidentified": 10})
    assert sign(doctor, case)[0] == 201  # exactly the 10 % that are allowed

    case = make_counted_case(counts={"lymphocyte": 90, "unidentified": 11})
    answer = sign(doctor, case)

    assert reasons(answer) == {"unidentified"}
    assert answer[1]["detail"]["reasons"][0] | {"message": ""} == {
        "reason": "unidentified",
        "message": "",
        "count": 11,
        "of": 101,
        "limit_percent": 10.0,
    }


def test_unreviewed_cells_refuse_the_signature_unless_the_laboratory_allows_them(doctor: User) -> None:
    case = make_counted_case(counts={"lymphocyte": 99})
    add_cells(case, {"lymphocyte": 1}, is_reviewed=False)
    assert reasons(sign(doctor, case)) == {"unreviewed"}

    LabSettings.objects.create(pk=1, max_unreviewed_percent=1)

    assert sign(doctor, case)[0] == 201


def test_all_reasons_are_told_at_once(doctor: User) -> None:
    case = make_counted_case(counts={"unidentified": 5}, is_reviewed=False, state="analysed")
    Job.objects.filter(pk=make_run(case).job_id).update(status="running")

    assert reasons(sign(doctor, case)) == {"not-in-review", "running", "no-cells", "unidentified", "unreviewed"}
    assert case.reports.count() == 0


def test_cell_that_changed_since_it_was_shown_refuses_the_signature(doctor: User) -> None:
    case = make_counted_case()
    shown = fingerprint_of(case, doctor)
    Cell.objects.filter(pk=case.cells.first().pk).update(reader_class="monocyte")

    status, body = sign(doctor, case, fingerprint=shown)

    assert (status, body["code"]) == (409, "stale_version")


def test_setting_that_changed_since_it_was_shown_refuses_the_signature(doctor: User) -> None:
    case = make_counted_case()
    shown = fingerprint_of(case, doctor)
    LabSettings.objects.create(pk=1, nec_mode="strict")

    assert sign(doctor, case, fingerprint=shown)[0] == 409


@pytest.mark.parametrize("verb", ["sign", "amend"])
def test_second_of_two_who_sign_the_same_at_once_is_told(doctor: User, verb: str) -> None:
    case = make_report().case if verb == "amend" else make_counted_case()
    colleague = make_user(role="doctor")
    shown = fingerprint_of(case, colleague)
    assert sign(doctor, case, verb, fingerprint=shown, reason="a slip")[0] == 201

    status, _ = sign(colleague, case, verb, fingerprint=shown, reason="a slip")

    assert status == 409
    assert case.reports.count() == (2 if verb == "amend" else 1)


def test_amendment_is_a_further_version_with_its_reason(doctor: User) -> None:
    first = make_report()

    status, body = sign(doctor, first.case, "amend", conclusion="Another one.", reason="The conclusion was wrong.")

    first.case.refresh_from_db()
    assert (status, body["number"], first.case.state) == (201, 2, "amended")
    second = signed_report(Report.objects.get(number=2))
    assert (second.status, second.reason, second.conclusion) == (
        "corrected",
        "The conclusion was wrong.",
        "Another one.",
    )
    assert signed_report(Report.objects.get(number=1)).conclusion == CONCLUSION


def test_amendment_needs_a_reason_and_a_first_report(doctor: User) -> None:
    assert sign(doctor, make_report().case, "amend", reason=" ")[0] == 400
    assert sign(doctor, make_counted_case(), "amend", reason="why not")[0] == 409


def test_cells_of_a_signed_case_are_corrected_by_opening_it_again(doctor: User) -> None:
    first = make_report()
    case = first.case

    assert Client(doctor).post(f"cases/{case.pk}/reopen", {"reason": "A myeloblast was missed."})[0] == 204
    add_cells(case, {"myeloblast": 1}, is_reviewed=True)
    assert sign(doctor, case)[0] == 409  # it has a report: only an amendment will do
    assert sign(doctor, case, "amend", reason="A myeloblast was missed.")[0] == 201

    case.refresh_from_db()
    counts = [signed_report(one).analysis.cells.counted["myeloblast"] for one in case.reports.order_by("number")]
    assert (case.state, counts) == ("amended", [6, 7])
    assert "myeloblast was missed" in AuditEvent.objects.get(verb="report.reopen").changes


def test_only_a_signed_case_is_opened_again(doctor: User) -> None:
    case = make_counted_case()

    assert Client(doctor).post(f"cases/{case.pk}/reopen", {"reason": "why"})[0] == 409


def test_signed_report_never_changes() -> None:
    report = make_report()
    add_cells(report.case, {"lymphocyte": 100}, is_reviewed=True)
    LabSettings.objects.create(pk=1, nec_mode="strict", laboratory="Another name")
    before = (report.document, report.sha256)

    stored = Report.objects.get()

    assert (stored.document, stored.sha256) == before == (report.document, sha256_of(report.document))
    for deed in (stored.save, stored.delete, Report.objects.all().delete, lambda: Report.objects.update(number=9)):
        with pytest.raises(TypeError, match="never"):
            deed()


def test_report_that_was_altered_in_the_database_is_not_given_out(doctor: User) -> None:
    report = make_report()
    altered = report.document.replace('"myeloblast":6', '"myeloblast":0')
    assert altered != report.document
    super(type(Report.objects.all()), Report.objects.all()).update(document=altered)

    for form in ("document", "fhir", "hl7", "csv", "xlsx", "pdf"):
        status, body = Client(doctor).get(f"reports/{report.pk}/{form}")
        assert (status, body["code"]) == (409, "report_altered")


def test_identity_of_the_patient_is_not_in_what_was_signed() -> None:
    report = make_report()

    assert report.case.patient.name not in report.document
    assert report.case.patient.hospital_number in report.document


def test_patient_with_a_signed_report_stays() -> None:
    report = make_report()

    status, _ = Client(report.case.created_by).delete(f"patients/{report.case.patient_id}")

    assert 400 <= status < 500
    assert Report.objects.exists()
