"""A signed report as CSV and XLSX: one row a class, with the figures of the differential, not rounded."""

import csv
import io
from collections.abc import Iterator, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from hemascope.hematology.classification.wording import worded
from hemascope.hematology.taxonomy import Language, cell_class
from hemascope.web.reports.document import SignedReport
from hemascope.web.reports.models import Report

Value = str | int | float | None

_COLUMNS = (
    "report", "class", "name_en", "name_zh", "count", "in_denominator", "of", "percent", "percent_low", "percent_high",
    "per_100_wbc", "research_use",
)  # fmt: skip


def report_csv(report: Report, signed: SignedReport) -> bytes:
    """UTF-8 with a mark, without which Excel shows Chinese as noise."""
    text = io.StringIO()
    csv.writer(text).writerows(_class_rows(report, signed))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def report_xlsx(report: Report, signed: SignedReport, language: Language) -> bytes:
    book = Workbook(write_only=True)
    for title, rows in (
        ("differential", _class_rows(report, signed)),
        ("report", _facts(report, signed)),
        ("suggestions", _suggestions(signed, language)),
    ):
        sheet = book.create_sheet(title)
        for row in rows:
            cells = [WriteOnlyCell(sheet, value) for value in row]
            for cell, value in zip(cells, row, strict=True):
                if isinstance(value, str):
                    cell.data_type = "s"  # else openpyxl takes text that begins with "=" for a formula
            sheet.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _class_rows(report: Report, signed: SignedReport) -> Iterator[Sequence[Value]]:
    """All text in it comes from our own tables: nothing that somebody typed could run as a formula."""
    counted = signed.analysis.differential
    yield _COLUMNS
    for row in counted.rows:
        cell = cell_class(row.class_id)
        of = counted.denominator if row.in_denominator else None
        yield (
            str(report), row.class_id, cell.name_en, cell.name_zh, row.count, str(row.in_denominator).lower(), of,
            row.percent, row.percent_low, row.percent_high, row.per_100_wbc, signed.research_use,
        )  # fmt: skip


def _facts(report: Report, signed: SignedReport) -> Iterator[Sequence[Value]]:
    analysis, counted = signed.analysis, signed.analysis.differential
    facts: dict[str, Value] = {
        "report": str(report),
        "status": str(signed.status),
        "reason": signed.reason,
        "laboratory": signed.laboratory,
        "hospital_number": analysis.patient.hospital_number,
        "specimen": str(counted.specimen),
        "collected_on": analysis.case.collected_on.isoformat(),
        "clinical_question": analysis.case.clinical_question,
        "conclusion": signed.conclusion,
        "signed_by": signed.signed_by,
        "signed_at": signed.signed_at.isoformat(),
        "sha256": report.sha256,
        "counted_cells": counted.denominator,
        "blasts_percent": counted.blasts.percent,
        "unidentified_percent": counted.unidentified.percent,
        "research_use": signed.research_use,
    }
    if counted.marrow:
        facts["nec"] = counted.marrow.nec
        facts["blasts_of_nec_percent"] = counted.marrow.blasts_of_nec.percent
        facts["myeloid_to_erythroid"] = counted.marrow.myeloid_to_erythroid.value
    yield from facts.items()
    for model in analysis.models:
        yield f"{model.task}_model", f"{model.name} {model.version} {model.sha256}"


def _suggestions(signed: SignedReport, language: Language) -> Iterator[Sequence[Value]]:
    words = worded(signed.analysis.suggestions, language)
    yield ("disclaimer", words.disclaimer)
    if words.urgent:
        yield ("urgent", words.urgent)
    for system in words.systems:
        yield (system.title, system.verdict)
        yield from (("", line) for line in system.lines)
