"""What is printed. The pages themselves need Pango, which `make test` installs where it may."""

import io
import sys

import pytest
from pypdf import PdfReader

from hemascope.errors import DependencyMissingError
from hemascope.hematology.differential import RESEARCH_USE
from hemascope.hematology.taxonomy import Language, cell_class
from hemascope.service.texts import LANGUAGES
from hemascope.web.cases.models import Case
from hemascope.web.reports.actions import report_amend
from hemascope.web.reports.api import case_views, views
from hemascope.web.reports.models import Report
from hemascope.web.reports.page import PrintedReport, gather_page, report_texts
from hemascope.web.reports.pdf import render_html, render_pdf
from hemascope.web.reports.selectors import case_analysis, signed_report
from web.builders import PASSWORD, make_user
from web.client import Client
from web.reports.builders import CONCLUSION, make_counted_case, make_report

FEW = {"lymphocyte": 5}
pytestmark = pytest.mark.django_db


def _has_pango() -> bool:
    try:
        import weasyprint  # noqa: F401 - it loads Pango
    except OSError:
        return False
    return True


needs_pango = pytest.mark.skipif(not _has_pango(), reason="Pango is not installed: apt-get install libpango-1.0-0 ...")


def printed(report: Report) -> PrintedReport:
    signed = signed_report(report)
    patient_name = report.case.patient.name
    return PrintedReport(
        signed.analysis, signed.laboratory, patient_name, signed, report.sha256, replaced_by=report.replaced_by
    )


def draft(case: Case) -> PrintedReport:
    return PrintedReport(case_analysis(case=case, by=case.created_by), "", case.patient.name)


def pages(content: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


@needs_pango
@pytest.mark.parametrize("language", LANGUAGES)
def test_pdf_has_the_numbers_of_the_differential(language: Language) -> None:
    report = make_report()

    content = pages(render_pdf(printed(report), language))

    text = " ".join(content)
    analysis = signed_report(report).analysis
    for row in analysis.differential.rows:
        if row.percent is not None:
            limits = f"{row.percent_low:.1f}–{row.percent_high:.1f}"
            line = f"{cell_class(row.class_id).name(language)} {row.count} {row.percent:.1f} {limits}"
            assert line in text
    for word in (report.case.patient.name, report.case.patient.hospital_number, CONCLUSION, report.sha256):
        assert word in text
    assert all(RESEARCH_USE in page for page in content)
    assert not any(report_texts(language).say("draft") in page for page in content)


@needs_pango
def test_draft_says_so_on_every_page_and_loads_nothing_whatever_a_text_in_it_says() -> None:
    case = make_counted_case(counts=FEW, clinical_question='"><img src="file:///etc/passwd">')

    content = pages(render_pdf(draft(case), "zh"))

    assert len(content) > 1
    assert all(report_texts("zh").say("draft") in page for page in content)
    assert all(RESEARCH_USE in page for page in content)
    assert '<img src="file:///etc/passwd">' in content[0]


@pytest.mark.parametrize(("role", "name"), [("viewer", "王**"), ("administrator", "王**"), ("doctor", "王小明")])
def test_name_is_masked_for_those_who_may_not_read_identities(
    monkeypatch: pytest.MonkeyPatch, role: str, name: str
) -> None:
    report = make_report(case=make_counted_case(counts=FEW))
    names = []
    for module in (views, case_views):
        monkeypatch.setattr(module, "render_pdf", lambda printed, _: names.append(printed.patient_name) or b"")

    client = Client(make_user(role=role))
    for address in (f"reports/{report.pk}/pdf", f"cases/{report.case_id}/draft"):
        assert client.get(address)[0] == 200

    assert names == [name, name]


def test_missing_pango_is_said_with_the_packages_that_help(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoPango:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    case = make_counted_case(counts=FEW)
    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])

    with pytest.raises(DependencyMissingError, match="apt-get install libpango"):
        render_pdf(draft(case), "en")
    status, body = Client(case.created_by).get(f"cases/{case.pk}/draft")
    assert (status, body["code"]) == (503, "dependency_missing")


def test_both_languages_have_the_same_texts() -> None:
    english, chinese = (report_texts(language).by_key for language in ("en", "zh"))

    assert set(english) == set(chinese)


def test_cautions_tell_of_unreviewed_cells_failed_fields_and_what_the_model_cannot_know() -> None:
    case = make_counted_case(counts={"lymphocyte": 3}, is_reviewed=False)
    case.fields.update(state="failed", quality_flags=["blurred"])

    cautions = " ".join(gather_page(draft(case), "en").cautions)

    for part in ("3 of 3 cells were seen by no reader", "1 of 1 images could not", "out of focus", "blasts included"):
        assert part in cautions


def test_a_field_that_no_run_has_come_to_is_told() -> None:
    case = make_counted_case(counts=FEW)
    case.fields.update(state="uploaded")

    assert "1 of 1 images have not been examined." in gather_page(draft(case), "en").cautions


def test_amended_report_prints_its_reason_and_the_signer() -> None:
    report = make_report(case=make_counted_case(counts=FEW))
    signed = signed_report(report).model_copy(update={"reason": "A slip.", "number": 2, "signer_name": "Dr. Lin"})

    html = render_html(PrintedReport(signed.analysis, "", "W", signed, ""), "en")

    assert "Amended because: A slip." in html
    assert f"Dr. Lin ({signed.signed_by})" in html


def test_a_replaced_version_says_so_on_paper_and_in_lists_and_the_newest_does_not() -> None:
    first = make_report(case=make_counted_case(counts=FEW))
    case, doctor = Case.objects.get(pk=first.case_id), first.signed_by
    seen = case_analysis(case=case, by=doctor).fingerprint
    second = report_amend(by=doctor, case=case, password=PASSWORD, fingerprint=seen, conclusion="", reason="A slip.")

    _, found = Client(doctor).get("reports", case=case.pk, ordering="number")
    assert [one["replaced_by"] for one in found["results"]] == [2, None]
    first = Report.objects.get(pk=first.pk)
    assert "version 2 has replaced it" in render_html(printed(first), "en")
    assert "has replaced it" not in render_html(printed(second), "en")
