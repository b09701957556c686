"""Signing, amending, opening again; the settings of the laboratory. Each deed and its event are one transaction."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hemascope import __version__
from hemascope.errors import ConflictError, SigningRefusedError, StaleVersionError
from hemascope.hematology.messages.report_data import ReportStatus
from hemascope.web.accounts.models import User
from hemascope.web.api.versions import locked, save_new_version
from hemascope.web.audit.actions import audit_record
from hemascope.web.cases.actions import case_change_state
from hemascope.web.cases.choices import CaseState
from hemascope.web.cases.models import Case
from hemascope.web.cases.states import CLOSED
from hemascope.web.reports.document import CaseAnalysis, SignedReport, sha256_of
from hemascope.web.reports.models import LabSettings, Report
from hemascope.web.reports.selectors import case_analysis, lab_settings
from hemascope.web.reports.signing import obstacles


@transaction.atomic
def report_sign(*, by: User, case: Case, password: str, fingerprint: str, conclusion: str) -> Report:
    """The first report of a case in review, which is closed by it. `fingerprint` is that of the analysis `by` has seen.

    Raises ValidationError for a wrong password, StaleVersionError where a cell or a setting was changed meanwhile,
    SigningRefusedError with all reasons, and ConflictError where it was signed before.
    """
    _check_password(by, password)
    case = locked(case)  # like everybody who changes cells, so that none changes between counting and signing
    if case.reports.exists():
        raise ConflictError(
            _("case %(number)s was signed before; amend its report, with a reason") % {"number": case.number}
        )
    report = _append(by, case, fingerprint=fingerprint, conclusion=conclusion, reason="")
    case_change_state(by=by, case=case, to=CaseState.SIGNED)
    return _recorded(by, "report.sign", report)


@transaction.atomic
def report_amend(*, by: User, case: Case, password: str, fingerprint: str, conclusion: str, reason: str) -> Report:
    """A further version that says why; those before stay as they are. Raises as `report_sign`."""
    _check_password(by, password)
    case = locked(case)
    if not case.reports.exists():
        raise ConflictError(_("case %(number)s has no report yet; sign the first one") % {"number": case.number})
    report = _append(by, case, fingerprint=fingerprint, conclusion=conclusion, reason=reason)
    case_change_state(by=by, case=case, to=CaseState.AMENDED)
    return _recorded(by, "report.amend", report)


@transaction.atomic
def report_reopen(*, by: User, case: Case, reason: str) -> Case:
    """Lets readers correct the cells of a signed case; its report is valid until amended. Raises ConflictError."""
    case = locked(case)
    if case.state not in CLOSED:
        values = {"number": case.number, "state": CaseState(case.state).in_words}
        raise ConflictError(_("case %(number)s is %(state)s; only a signed one can be opened again") % values)
    case = case_change_state(by=by, case=case, to=CaseState.IN_REVIEW)
    audit_record(by=by, verb="report.reopen", subject=case, changes={"reason": reason})
    return case


def _check_password(by: User, password: str) -> None:
    if not by.check_password(password):
        raise ValidationError({"password": ValidationError(_("This is not your password."), "credentials")})


def _append(by: User, case: Case, *, fingerprint: str, conclusion: str, reason: str) -> Report:
    settings = lab_settings()
    analysis = case_analysis(case=case, by=by)
    if found := obstacles(case, analysis, settings):
        why = " ".join(one.message for one in found)
        text = _("case %(number)s cannot be signed yet: %(why)s") % {"number": case.number, "why": why}
        raise SigningRefusedError(text, [one.model_dump(mode="json") for one in found])
    if analysis.fingerprint != fingerprint:
        raise StaleVersionError(
            _("something in case %(number)s was changed since it was shown; look at it again") % {"number": case.number}
        )
    document = _document(by, analysis, settings, conclusion, reason)
    report = Report(
        case=case,
        number=document.number,
        document=document.model_dump_json(by_alias=True),
        reason=reason,
        signed_by=by,
        signed_at=document.signed_at,
    )
    report.sha256 = sha256_of(report.document)
    report.full_clean()
    report.save()
    return report


def _document(by: User, analysis: CaseAnalysis, settings: LabSettings, conclusion: str, reason: str) -> SignedReport:
    return SignedReport(
        hemascope=__version__,
        laboratory=settings.laboratory,
        number=analysis.reports + 1,
        status=ReportStatus.CORRECTED if analysis.reports else ReportStatus.FINAL,
        reason=reason,
        conclusion=conclusion,
        signed_by=by.username,
        signer_name=by.nickname,
        signed_at=timezone.now(),
        analysis=analysis,
    )


def _recorded(by: User, verb: str, report: Report) -> Report:
    changes = {"case": report.case_id, "number": report.number, "sha256": report.sha256, "reason": report.reason}
    audit_record(by=by, verb=verb, subject=report, changes=changes)
    return report


@transaction.atomic
def report_exported(*, by: User, report: Report, form: str) -> None:
    """Remembers that somebody took a report out of the workstation."""
    audit_record(by=by, verb="report.export", subject=report, changes={"form": form})


@transaction.atomic
def lab_settings_update(*, by: User, version: int, **changes: Any) -> LabSettings:
    """Signed reports keep the settings they were signed with. Raises StaleVersionError, ValidationError."""
    settings = locked(LabSettings.objects.get_or_create(pk=1)[0], version)
    before = {name: getattr(settings, name) for name in changes}
    for name, value in changes.items():
        setattr(settings, name, value)
    save_new_version(settings)
    audit_record(by=by, verb="lab_settings.update", subject=settings, changes={"from": before, "to": changes})
    return settings
