"""What a printed report shows, in the words of one language."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from hemascope.hematology.classification.wording import WordedSuggestions, worded
from hemascope.hematology.differential import Specimen
from hemascope.hematology.taxonomy import TAXONOMY, Language, cell_class, coarse_class
from hemascope.service.report_cautions import counting_cautions
from hemascope.service.report_figures import Figure, figures
from hemascope.service.report_page import DifferentialLine, axis_percent, differential_line
from hemascope.service.texts import Texts, load_texts
from hemascope.web.reports.document import CaseAnalysis, EarlierReport, SignedReport


@dataclass(frozen=True, slots=True)
class PrintedReport:
    """A draft where `signed` is None. `patient_name` as the reader of the print may see it."""

    analysis: CaseAnalysis
    laboratory: str
    patient_name: str
    signed: SignedReport | None = None
    sha256: str = ""
    replaced_by: int | None = None  # number of the version that was valid instead when this one was printed


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """Per cent of one class in the earlier reports and in this one; a star marks what differs."""

    name: str
    earlier: tuple[str, ...]
    now: str


@dataclass(frozen=True, slots=True)
class ReportPage:
    report: PrintedReport
    texts: Texts
    status: str
    signer: str
    blood_count: str  # empty where nothing was stated
    age: int | None
    minimum_cells: int
    cautions: tuple[str, ...]
    counted: tuple[DifferentialLine, ...]
    beside: tuple[DifferentialLine, ...]
    axis_percent: int
    figures: tuple[Figure, ...]
    suggestions: WordedSuggestions
    history: tuple[HistoryLine, ...]


def gather_page(report: PrintedReport, language: Language) -> ReportPage:
    analysis, texts = report.analysis, report_texts(language)
    lines = [differential_line(row, language) for row in analysis.differential.rows]
    counted = tuple(line for line in lines if line.row.in_denominator)
    settings = analysis.differential.settings
    in_blood = analysis.differential.specimen is Specimen.PERIPHERAL_BLOOD
    return ReportPage(
        report=report,
        texts=texts,
        status=report.signed.status.value if report.signed else "draft",
        signer=_signer(report.signed, texts),
        blood_count=_blood_count(analysis, texts),
        age=_age(analysis.patient.birth_date, analysis.case.collected_on),
        minimum_cells=settings.min_cells_blood if in_blood else settings.min_cells_marrow,
        cautions=tuple(_cautions(analysis, texts)),
        counted=counted,
        beside=tuple(line for line in lines if not line.row.in_denominator and line.row.count),
        axis_percent=axis_percent(counted),
        figures=figures(analysis.differential, _possible_classes(analysis), texts),
        suggestions=worded(analysis.suggestions, language),
        history=tuple(_history(analysis.earlier, language)),
    )


@cache
def report_texts(language: Language) -> Texts:
    """Those of `service`, and our own."""
    content = resources.files("hemascope.web.reports").joinpath("texts", f"{language}.json").read_text("utf-8")
    return Texts(language, load_texts(language).by_key | json.loads(content))


def _signer(signed: SignedReport | None, texts: Texts) -> str:
    if signed is None:
        return texts.say("not_signed")
    return f"{signed.signer_name} ({signed.signed_by})" if signed.signer_name else signed.signed_by


def _blood_count(analysis: CaseAnalysis, texts: Texts) -> str:
    case = analysis.case
    values = {
        "wbc": case.wbc_e9_per_l,
        "haemoglobin": case.haemoglobin_g_per_l,
        "platelets": case.platelets_e9_per_l,
    }
    return " · ".join(texts.say(key, value=f"{value:g}") for key, value in values.items() if value is not None)


def _age(birth_date: date | None, on: date) -> int | None:
    """Whole years."""
    if birth_date is None:
        return None
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def _possible_classes(analysis: CaseAnalysis) -> frozenset[str]:
    """All once readers have seen every cell; before, a zero of a class the model does not know would mislead."""
    return analysis.known_classes if analysis.cells.unreviewed else frozenset(TAXONOMY)


def _cautions(analysis: CaseAnalysis, texts: Texts) -> Iterator[str]:
    """Gravest first."""
    cells, fields = analysis.cells, analysis.fields
    if cells.unreviewed:
        yield texts.say("caution_cells_unreviewed", count=cells.unreviewed, total=cells.total)
    if fields.failed:
        yield texts.say("caution_fields_failed", count=fields.failed, given=fields.given)
    if fields.waiting:
        yield texts.say("caution_fields_waiting", count=fields.waiting, given=fields.given)
    yield from counting_cautions(analysis.differential, texts)
    for flag, count in fields.quality.items():
        yield texts.say(f"caution_{flag}", count=count, given=fields.given)
    known = [name for name in TAXONOMY if name in _possible_classes(analysis)]
    if not any(coarse_class(name) == "blast" for name in known):
        names = ", ".join(cell_class(name).name(texts.language) for name in known)
        yield texts.say("caution_scope", classes=names)


def _history(earlier: tuple[EarlierReport, ...], language: Language) -> Iterator[HistoryLine]:
    found = [{one.class_id: one for one in report.classes} for report in earlier]
    for class_id in TAXONOMY:
        compared = [classes.get(class_id) for classes in found]
        shown = [one for one in compared if one is not None and (one.first.count or one.second.count)]
        if shown:
            before = tuple(
                "–" if one is None else _percent(one.first.percent) + ("*" if one.differs else "") for one in compared
            )
            yield HistoryLine(cell_class(class_id).name(language), before, _percent(shown[0].second.percent))


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
