"""A signed report as a message to another system; the messages themselves are built in `hematology.messages`."""

from hemascope.hematology.messages.report_data import ModelDevice, ReportData
from hemascope.hematology.taxonomy import Language
from hemascope.web.reports.document import SignedReport
from hemascope.web.reports.models import Report


def report_data(report: Report, signed: SignedReport, language: Language) -> ReportData:
    """The device is the classifier that named most of the cells."""
    analysis = signed.analysis
    classifiers = [model for model in analysis.models if model.task == "classification"]
    devices = [ModelDevice(model.name, model.version, model.sha256) for model in classifiers]
    return ReportData(
        report_id=str(report),
        patient_id=analysis.patient.hospital_number,
        specimen_id=analysis.case.number,
        issued=signed.signed_at,
        status=signed.status,
        counted=analysis.differential,
        device=devices[0] if devices else None,
        verifier_id=signed.signed_by,
        suggestions=analysis.suggestions,
        conclusion=signed.conclusion,
        language=language,
    )
