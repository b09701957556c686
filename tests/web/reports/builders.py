"""Cases whose cells are counted, and reports of them."""

from collections.abc import Mapping
from typing import Any

from hemascope.service.registry import load_named_bundle
from hemascope.web.accounts.models import User
from hemascope.web.analyses.models import Cell, RecognitionRun
from hemascope.web.cases.models import Case
from hemascope.web.reports.actions import report_sign
from hemascope.web.reports.models import Report
from hemascope.web.reports.selectors import case_analysis
from web.analyses.builders import make_field
from web.builders import PASSWORD, make_user
from web.cases.builders import make_case
from web.jobs.builders import make_job

CONCLUSION = "Granulopoiesis and erythropoiesis are complete."
MARROW = {
    "myeloblast": 6,
    "promyelocyte": 15,
    "myelocyte": 60,
    "metamyelocyte": 70,
    "band_neutrophil": 75,
    "segmented_neutrophil": 80,
    "eosinophil": 14,
    "monocyte": 10,
    "lymphocyte": 60,
    "plasma_cell": 6,
    "orthochromatic_erythroblast": 110,
    "unidentified": 4,
    "smudge_cell": 5,
}
AML = {"myeloblast": 220, "segmented_neutrophil": 130, "monocyte": 20, "lymphocyte": 60, "erythroblast": 100}


def make_run(case: Case, **values: Any) -> RecognitionRun:
    """Of the shipped classifier, done."""
    manifest = load_named_bundle(None, "classification").manifest
    values = {
        "bundle_name": manifest.name,
        "bundle_version": manifest.version,
        "bundle_sha256": manifest.onnx_sha256,
    } | values
    return RecognitionRun.objects.create(case=case, job=make_job(status="done"), **values)


def make_counted_case(
    owner: User | None = None,
    counts: Mapping[str, int] = MARROW,
    *,
    is_reviewed: bool = True,
    run: RecognitionRun | None = None,
    **values: Any,
) -> Case:
    """In review; without `is_reviewed` the classes are those of the model, and no reader has seen a cell."""
    case = make_case(owner, **{"state": "in_review"} | values)
    add_cells(case, counts, is_reviewed=is_reviewed, run=run or make_run(case))
    return case


def add_cells(case: Case, counts: Mapping[str, int], *, is_reviewed: bool, run: RecognitionRun | None = None) -> None:
    field = make_field(case)
    place = {"case": case, "field": field, "x1": 1, "y1": 1, "x2": 9, "y2": 9, "recognition_run": run}
    cells = []
    for name, count in counts.items():
        model = {"model_class": "lymphocyte" if is_reviewed else name, "is_unidentified": name == "unidentified"}
        reader = {"reader_class": name, "is_confirmed": name != "unidentified"} if is_reviewed else {}
        cells += [Cell(**place, **model, **reader) for _ in range(count)]
    Cell.objects.bulk_create(cells)


def fingerprint_of(case: Case, by: User) -> str:
    return case_analysis(case=case, by=by).fingerprint


def make_report(owner: User | None = None, case: Case | None = None) -> Report:
    """Signed by a doctor of the owner's department."""
    case = case or make_counted_case(owner)
    doctor = make_user(role="doctor", department=case.department)
    return report_sign(
        by=doctor, case=case, password=PASSWORD, fingerprint=fingerprint_of(case, doctor), conclusion=CONCLUSION
    )
