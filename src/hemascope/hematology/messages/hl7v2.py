"""A differential as an HL7 v2.5.1 message ORU^R01: MSH, PID, PV1, ORC, OBR, NTE, then OBX with NTE.

Plain text with carriage returns between segments, UTF-8; sending it (MLLP and the acknowledgement) is not done here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from hemascope.hematology.codes import (
    MYELOID_TO_ERYTHROID,
    NUCLEATED_RED_CELLS,
    PER_100_WBC,
    PERCENT,
    RATIO,
    ResultCode,
    panel_code,
    percentage_code,
)
from hemascope.hematology.messages.report_data import ReportData, ReportStatus
from hemascope.hematology.taxonomy import cell_class

_STATUS = {ReportStatus.PRELIMINARY: "P", ReportStatus.FINAL: "F", ReportStatus.CORRECTED: "C"}
_NO_NAME = "^^^^^^U"  # the name is required, and never sent: type U, unspecified
_ESCAPES = str.maketrans(
    {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\r": "\\X0D\\", "\n": "\\X0A\\"}
)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Names of sender and receiver in MSH-3 to MSH-6."""

    sending_application: str = "HEMASCOPE"
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""


def hl7v2_message(report: ReportData, endpoints: Endpoints | None = None) -> str:
    """The message; the control id (MSH-10) is the report id, cut to its 20 characters."""
    between = endpoints or Endpoints()
    segments = [
        _header(report, between),
        _segment("PID", {1: "1", 3: escape(report.patient_id), 5: _NO_NAME}),
        _segment("PV1", {1: "1", 2: "U"}),
        _segment("ORC", {1: "RE", 3: escape(report.report_id)}),
        _request(report),
        *(_segment("NTE", {1: str(number), 3: escape(text)}) for number, text in enumerate(report.remarks, start=1)),
        *_results(report),
    ]
    return "".join(f"{segment}\r" for segment in segments)


def escape(text: str) -> str:
    """Text with the separators of HL7 v2 escaped."""
    return text.translate(_ESCAPES)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S%z")


def _segment(name: str, fields: dict[int, str]) -> str:
    """Fields by their number, from 1 on; those between are empty."""
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))])


def _header(report: ReportData, between: Endpoints) -> str:
    names = (
        between.sending_application,
        between.sending_facility,
        between.receiving_application,
        between.receiving_facility,
    )
    fields = {3 + place: escape(name) for place, name in enumerate(names)} | {
        2: "^~\\&",
        7: _time(report.issued),
        9: "ORU^R01^ORU_R01",
        10: escape(report.report_id[:20]),
        11: "P",
        12: "2.5.1",
        18: "UNICODE UTF-8",
    }
    return _segment("MSH", {number - 1: value for number, value in fields.items()})  # MSH-1 is the separator itself


def _request(report: ReportData) -> str:
    code = panel_code(report.counted.specimen)
    fields = {1: "1", 3: escape(report.report_id), 4: _coded(code), 7: _time(report.issued), 22: _time(report.issued)}
    return _segment("OBR", fields | {25: _STATUS[report.status]})


def _coded(code: ResultCode) -> str:
    return f"{escape(code.code)}^{escape(code.text)}^{code.hl7_table}"


def _results(report: ReportData) -> Iterator[str]:
    for number, (code, value, unit, remark) in enumerate(_values(report), start=1):
        observer = {16: escape(report.verifier_id)} if report.verifier_id else {}
        device = report.device
        method = {17: f"{escape(device.name)}^{escape(device.version)}^L"} if device else {}
        fields = {1: str(number), 2: "NM", 3: _coded(code), 5: f"{value:.2f}", 6: f"{unit}^{unit}^UCUM"}
        yield _segment("OBX", fields | {11: _STATUS[report.status]} | observer | method)
        yield _segment("NTE", {1: "1", 3: escape(remark)})


def _values(report: ReportData) -> Iterator[tuple[ResultCode, float, str, str]]:
    """Code, value, unit, and the whole counts with their exact limits as a remark."""
    counted = report.counted
    for row in counted.rows:
        if row.in_denominator and row.percent is not None:
            limits = f"{row.percent_low:.2f}-{row.percent_high:.2f} %"
            remark = f"{row.count} of {counted.denominator} cells; exact limits {limits}"
            yield percentage_code(cell_class(row.class_id), counted.specimen), row.percent, PERCENT, remark
    ratios = (
        (NUCLEATED_RED_CELLS, counted.blood.nrbc_per_100_wbc if counted.blood else None, PER_100_WBC),
        (MYELOID_TO_ERYTHROID, counted.marrow.myeloid_to_erythroid if counted.marrow else None, RATIO),
    )
    for code, ratio, unit in ratios:
        if ratio is not None and ratio.value is not None:
            yield code, ratio.value, unit, f"{ratio.numerator} / {ratio.denominator}"
