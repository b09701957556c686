"""A differential as an HL7 FHIR R4 bundle: DiagnosticReport, one Observation a class, Specimen, Device, Provenance.

Built with the models of `fhir.resources` (R4B: for these resources the same as R4), so that what is returned is valid.
No conclusionCode is filled: suggestions are text for a qualified person, never a coded diagnosis.
"""

from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fhir.resources.R4B.bundle import Bundle

from hemascope.hematology.codes import (
    LOCAL,
    MYELOID_TO_ERYTHROID,
    NUCLEATED_RED_CELLS,
    PER_100_WBC,
    PERCENT,
    RATIO,
    UCUM,
    ResultCode,
    panel_code,
    percentage_code,
)
from hemascope.hematology.differential import RESEARCH_USE, DifferentialRow, Ratio
from hemascope.hematology.messages.report_data import ReportData, ReportStatus
from hemascope.hematology.taxonomy import cell_class

Json = dict[str, Any]  # a resource on its way into the models of fhir.resources, which check it

_CATEGORY = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
_SECTION = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "HM"}]}


def fhir_bundle(report: ReportData) -> str:
    """The bundle (type collection) as JSON text; the same report gives the same text."""
    observations = list(_observations(report))
    panel = _panel(report, [_reference(report, one["id"]) for one in observations])
    resources = [
        _diagnostic_report(report, [_reference(report, one["id"]) for one in (panel, *observations)]),
        panel,
        *observations,
        _specimen(report),
        *_device(report),
        _provenance(report),
    ]
    entries = [{"fullUrl": _url(report, one.pop("id")), "resource": one} for one in resources]
    bundle = {
        "resourceType": "Bundle",
        "identifier": {"system": LOCAL, "value": report.report_id},
        "type": "collection",
        "timestamp": report.issued.isoformat(),
        "entry": entries,
    }
    return str(Bundle.model_validate(bundle).model_dump_json(indent=2))


def _url(report: ReportData, name: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{LOCAL}/{report.report_id}/{name}')}"


def _reference(report: ReportData, name: str) -> Json:
    return {"reference": _url(report, name)}


def _patient(report: ReportData) -> Json:
    return {"identifier": {"value": report.patient_id}, "type": "Patient"}


def _concept(code: ResultCode) -> Json:
    return {"coding": [{"system": code.system, "code": code.code}], "text": code.text}


def _quantity(value: float, unit: str) -> Json:
    return {"value": round(value, 2), "unit": unit, "system": UCUM, "code": unit}  # counts beside it stay exact


def _observation(report: ReportData, name: str, code: ResultCode) -> Json:
    device = {"device": _reference(report, "device")} if report.device else {}
    performer = {"performer": [_verifier(report)]} if report.verifier_id else {}
    return {
        "resourceType": "Observation",
        "id": name,
        "status": report.status,
        "category": [_CATEGORY],
        "code": _concept(code),
        "subject": _patient(report),
        "issued": report.issued.isoformat(),
        "specimen": _reference(report, "specimen"),
        **device,
        **performer,
    }


def _verifier(report: ReportData) -> Json:
    return {"identifier": {"value": report.verifier_id}, "type": "Practitioner"}


def _observations(report: ReportData) -> Iterator[Json]:
    counted = report.counted
    for row in counted.rows:
        if row.in_denominator and row.percent is not None:
            code = percentage_code(cell_class(row.class_id), counted.specimen)
            yield _observation(report, row.class_id, code) | {
                "valueQuantity": _quantity(row.percent, PERCENT),
                "component": _components(row, counted.denominator),
            }
    if counted.blood and counted.blood.nrbc_per_100_wbc.value is not None:
        yield _ratio(report, "nrbc", NUCLEATED_RED_CELLS, counted.blood.nrbc_per_100_wbc, PER_100_WBC)
    if counted.marrow and counted.marrow.myeloid_to_erythroid.value is not None:
        yield _ratio(report, "me", MYELOID_TO_ERYTHROID, counted.marrow.myeloid_to_erythroid, RATIO)


def _components(row: DifferentialRow, denominator: int) -> list[Json]:
    """The counts, whole, and the exact limits."""
    limits = (("percent-low", row.percent_low), ("percent-high", row.percent_high))
    counts = (("count", row.count), ("counted-cells", denominator))
    return [
        *({"code": _local(name), "valueInteger": value} for name, value in counts),
        *(
            {"code": _local(name), "valueQuantity": _quantity(value, PERCENT)}
            for name, value in limits
            if value is not None
        ),
    ]


def _local(name: str) -> Json:
    return _concept(ResultCode(LOCAL, name, name.replace("-", " ")))


def _ratio(report: ReportData, name: str, code: ResultCode, ratio: Ratio, unit: str) -> Json:
    counts = (("numerator", ratio.numerator), ("denominator", ratio.denominator))
    return _observation(report, name, code) | {
        "valueQuantity": _quantity(ratio.value or 0.0, unit),
        "component": [{"code": _local(part), "valueInteger": count} for part, count in counts],
    }


def _panel(report: ReportData, members: list[Json]) -> Json:
    panel = _observation(report, "panel", panel_code(report.counted.specimen))
    return panel | {"hasMember": members, "note": [{"text": RESEARCH_USE}]}


def _diagnostic_report(report: ReportData, results: list[Json]) -> Json:
    return {
        "resourceType": "DiagnosticReport",
        "id": "report",
        "identifier": [{"system": LOCAL, "value": report.report_id}],
        "status": report.status,
        "category": [_SECTION],
        "code": _concept(panel_code(report.counted.specimen)),
        "subject": _patient(report),
        "issued": report.issued.isoformat(),
        "specimen": [_reference(report, "specimen")],
        "result": results,
        "conclusion": "\n".join(report.remarks),
    } | ({"resultsInterpreter": [_verifier(report)]} if report.verifier_id else {})


def _specimen(report: ReportData) -> Json:
    return {
        "resourceType": "Specimen",
        "id": "specimen",
        "identifier": [{"value": report.specimen_id}],
        "type": {"text": report.counted.specimen.replace("-", " ")},
        "subject": _patient(report),
    }


def _device(report: ReportData) -> Iterator[Json]:
    if report.device:
        yield {
            "resourceType": "Device",
            "id": "device",
            "identifier": [{"system": "urn:hemascope:sha256", "value": report.device.sha256}],
            "deviceName": [{"name": report.device.name, "type": "model-name"}],
            "version": [{"value": report.device.version}],
        }


def _provenance(report: ReportData) -> Json:
    """The model as author, the person as verifier; without either the software that assembled the counts."""
    agents = []
    if report.device:
        agents.append({"type": _agent("author"), "who": _reference(report, "device")})
    if report.verifier_id and report.status is not ReportStatus.PRELIMINARY:
        agents.append({"type": _agent("verifier"), "who": _verifier(report)})
    return {
        "resourceType": "Provenance",
        "id": "provenance",
        "target": [_reference(report, "report")],
        "recorded": report.issued.isoformat(),
        "agent": agents or [{"type": _agent("assembler"), "who": {"display": "Hemascope"}}],
    }


def _agent(kind: str) -> Json:
    system = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
    return {"coding": [{"system": system, "code": kind}]}
