"""The analysis of a case as it is now, and signed reports as they were."""

from collections import Counter
from collections.abc import Iterator

from django.db.models import Count, F, QuerySet
from django.utils.translation import gettext as _

from hemascope.errors import ReportAlteredError
from hemascope.hematology.classification.suggest import suggest
from hemascope.hematology.comparison import compare_counts
from hemascope.hematology.differential import Differential, Specimen, differential
from hemascope.hematology.taxonomy import TAXONOMY
from hemascope.service.active_models import Task
from hemascope.web.accounts.models import User
from hemascope.web.analyses.choices import UNIDENTIFIED, FieldState
from hemascope.web.analyses.models import Cell, Field
from hemascope.web.cases.models import Case
from hemascope.web.catalogue.selectors import classes_of
from hemascope.web.reports.access import reports_visible_to
from hemascope.web.reports.document import (
    CaseAnalysis,
    EarlierReport,
    ReportedCase,
    ReportedCells,
    ReportedFields,
    ReportedModel,
    ReportedPatient,
    SignedReport,
    sha256_of,
)
from hemascope.web.reports.models import LabSettings, Report

_EARLIER = 5  # reports that are compared with
_RUN_COLUMNS: dict[Task, str] = {"detection": "detection_run", "classification": "recognition_run"}


def lab_settings() -> LabSettings:
    """The saved row, or an unsaved one with the defaults."""
    return LabSettings.objects.first() or LabSettings()


def case_analysis(*, case: Case, by: User) -> CaseAnalysis:
    """Of the cells as they are now; `by` decides which earlier reports are compared with. Raises CountsError."""
    settings = lab_settings().classification_settings()
    specimen = Specimen(case.specimen)
    cells = _cells(case)
    models = tuple(_models(case))
    counted = differential(cells.counted, specimen, settings.counting)
    is_reviewed = cells.unreviewed == 0
    known = {name for model in models if model.task == "classification" for name in model.classes}
    return CaseAnalysis(
        case=ReportedCase.model_validate(case, from_attributes=True),
        patient=ReportedPatient.model_validate(case.patient, from_attributes=True),
        fields=_fields(case),
        cells=cells,
        models=models,
        differential=counted,
        suggestions=suggest(
            cells.counted,
            specimen,
            case.clinical_context.model_copy(update={"reviewed": is_reviewed}),
            settings,
            model_classes=None if is_reviewed else sorted(known & set(TAXONOMY)),
        ),
        earlier=tuple(_earlier(case, counted, by)),
        reports=case.reports.count(),
    )


def _cells(case: Case) -> ReportedCells:
    cells = _counted_cells(case)
    counted = dict(cells.values_list("shown_class").order_by("shown_class").annotate(Count("pk")))
    return ReportedCells(
        counted=counted,
        total=sum(counted.values()),
        unreviewed=cells.filter(is_confirmed=False).exclude(reader_class=UNIDENTIFIED).count(),
        relabelled=cells.exclude(reader_class="")
        .exclude(model_class="")
        .exclude(reader_class=F("model_class"))
        .count(),
    )


def _counted_cells(case: Case) -> QuerySet[Cell]:
    return Cell.objects.filter(case=case, is_deleted=False)


def _models(case: Case) -> Iterator[ReportedModel]:
    for task, run in _RUN_COLUMNS.items():
        columns = tuple(f"{run}__{name}" for name in ("bundle_name", "bundle_version", "bundle_sha256"))
        rows = _counted_cells(case).exclude(**{run: None}).values_list(*columns).order_by().annotate(Count("pk"))
        for name, version, sha256, cells in sorted(rows, key=lambda row: (-row[3], *row[:3])):
            yield ReportedModel(
                task=task, name=name, version=version, sha256=sha256, cells=cells, classes=classes_of(name, sha256)
            )


def _fields(case: Case) -> ReportedFields:
    fields = Field.objects.filter(case=case)
    flags = Counter(flag for flags in fields.values_list("quality_flags", flat=True) for flag in flags)
    return ReportedFields(
        given=fields.count(),
        examined=fields.filter(state=FieldState.EXAMINED).count(),
        failed=fields.filter(state=FieldState.FAILED).count(),
        quality=dict(sorted(flags.items())),
    )


def _earlier(case: Case, counted: Differential, by: User) -> Iterator[EarlierReport]:
    reports = reports_visible_to(by).filter(
        case__patient=case.patient_id, case__specimen=case.specimen, case__collected_on__lte=case.collected_on
    )
    newest = reports.exclude(case=case).exclude(case__reports__number__gt=F("number"))
    for report in newest.order_by("-case__collected_on", "-pk")[:_EARLIER]:
        document = signed_report(report).analysis
        before = differential(document.cells.counted, counted.specimen, counted.settings)
        comparison = compare_counts(before, counted)
        yield EarlierReport(
            case_number=document.case.number,
            number=report.number,
            collected_on=document.case.collected_on,
            denominator=before.denominator,
            agrees=comparison.agrees,
            classes=comparison.classes,
        )


def signed_report(report: Report) -> SignedReport:
    """Raises ReportAlteredError where the stored text is not the one that was signed."""
    if sha256_of(report.document) != report.sha256:
        raise ReportAlteredError(
            _(
                "report %(report)s is not as it was signed: its text does not have the hash %(hash)s...; "
                "restore it from a backup and look into the audit trail"
            )
            % {"report": report, "hash": report.sha256[:12]}
        )
    return SignedReport.model_validate_json(report.document)
