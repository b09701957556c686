from collections.abc import Mapping

import pytest

from hemascope.web.accounts.models import User
from hemascope.web.cases.models import Case
from hemascope.web.reports.api import case_views, views
from hemascope.web.reports.models import Report
from web.builders import PASSWORD
from web.permission_checks import EVERY_ROLE, Endpoint, permission_checks
from web.reports.builders import fingerprint_of, make_counted_case, make_report

DOCTOR = {"doctor"}
DEPARTMENT = EVERY_ROLE - {"administrator"}
FEW = {"lymphocyte": 3}


def a_case(owner: User) -> Case:
    return make_counted_case(owner, FEW)


def a_signed_case(owner: User) -> Case:
    return a_report(owner).case


def a_report(owner: User) -> Report:
    return make_report(case=make_counted_case(owner, FEW))


def signature(case: Case) -> Mapping[str, str]:
    return {"password": PASSWORD, "fingerprint": fingerprint_of(case, case.created_by), "reason": "a slip"}


TestCases = permission_checks(
    Endpoint("get", "cases/{pk}/analysis", EVERY_ROLE, row=a_case, hidden_from=DEPARTMENT),
    Endpoint("post", "cases/{pk}/sign", DOCTOR, signature, row=a_case, hidden_from=DOCTOR),
    Endpoint("post", "cases/{pk}/amend", DOCTOR, signature, row=a_signed_case, hidden_from=DOCTOR),
    Endpoint("post", "cases/{pk}/reopen", DOCTOR, {"reason": "a slip"}, row=a_signed_case, hidden_from=DOCTOR),
)

TestReports = permission_checks(
    Endpoint("get", "reports", EVERY_ROLE),
    Endpoint("get", "reports/{pk}", EVERY_ROLE, row=a_report, hidden_from=DEPARTMENT),
    Endpoint("get", "reports/{pk}/document", EVERY_ROLE, row=a_report, hidden_from=DEPARTMENT),
    Endpoint("get", "reports/{pk}/fhir", EVERY_ROLE, row=a_report, hidden_from=DEPARTMENT),
    Endpoint("get", "reports/{pk}/hl7", EVERY_ROLE, row=a_report, hidden_from=DEPARTMENT),
    Endpoint("get", "reports/{pk}/csv", EVERY_ROLE, row=a_report, hidden_from=DEPARTMENT),
    Endpoint("get", "reports/{pk}/xlsx", EVERY_ROLE, row=a_report, hidden_from=DEPARTMENT),
)

TestLabSettings = permission_checks(
    Endpoint("get", "lab-settings", EVERY_ROLE),
    Endpoint("patch", "lab-settings", {"administrator"}, {"version": 1, "laboratory": "Morphology"}),
)


class TestPdf(
    permission_checks(
        Endpoint("get", "cases/{pk}/draft", EVERY_ROLE, row=a_case, hidden_from=DEPARTMENT),
        Endpoint("get", "reports/{pk}/pdf", EVERY_ROLE, row=a_report, hidden_from=DEPARTMENT),
    )
):  # type: ignore[misc]
    @pytest.fixture(autouse=True)
    def _no_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (case_views, views):
            monkeypatch.setattr(module, "render_pdf", lambda *_: b"%PDF-")
