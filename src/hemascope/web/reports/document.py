"""What a report says: `CaseAnalysis` as it is now, `SignedReport` as it was signed. See docs/workstation/reports.md.

No name, ID-card number or phone is in either: they are encrypted in the patient's row, and printed from there.
"""

import hashlib
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hemascope.hematology.classification.suggestions import Suggestions
from hemascope.hematology.comparison import ClassComparison
from hemascope.hematology.differential import RESEARCH_USE, Differential
from hemascope.hematology.messages.report_data import ReportStatus
from hemascope.service.active_models import Task


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class ReportedPatient(_Frozen):
    hospital_number: str
    sex: str  # as in `accounts.choices.Sex`
    birth_date: date | None


class ReportedCase(_Frozen):
    number: str
    stain: str
    collected_on: date
    clinical_question: str
    wbc_e9_per_l: float | None
    haemoglobin_g_per_l: float | None
    platelets_e9_per_l: float | None


class ReportedFields(_Frozen):
    """Fields and ready-made crops; `examined` of `given`, and how many have which quality flag."""

    given: int
    examined: int
    failed: int
    quality: dict[str, int]

    @property
    def waiting(self) -> int:
        """Those that no run has come to: uploaded since, or the run was stopped before."""
        return self.given - self.examined - self.failed


class ReportedCells(_Frozen):
    """`counted` by class, the reader's word before the model's; `unreviewed`: neither confirmed nor set aside."""

    counted: dict[str, int]
    total: int
    unreviewed: int
    relabelled: int  # the reader's class is another than the model's


class ReportedModel(_Frozen):
    """A network that found or named cells of the case, and how many of them."""

    task: Task
    name: str
    version: str
    sha256: str
    cells: int
    classes: tuple[str, ...]  # (): this very network is no longer installed


class EarlierReport(_Frozen):
    """The newest report of an earlier case of the patient, counted with the settings of today."""

    case_number: str
    number: int
    collected_on: date
    denominator: int
    agrees: bool
    classes: tuple[ClassComparison, ...]  # first: the earlier one, second: this one


class CaseAnalysis(_Frozen):
    schema_: Literal["hemascope.case-analysis/1"] = Field("hemascope.case-analysis/1", alias="schema")
    research_use: str = RESEARCH_USE
    case: ReportedCase
    patient: ReportedPatient
    fields: ReportedFields
    cells: ReportedCells
    models: tuple[ReportedModel, ...]  # of each task, the one with the most cells first
    differential: Differential
    suggestions: Suggestions
    earlier: tuple[EarlierReport, ...]  # newest first
    reports: int  # signed before this one

    @property
    def fingerprint(self) -> str:
        """Two analyses with the same one say the same; signing names it, so that what was seen is what is signed."""
        return sha256_of(self.model_dump_json(by_alias=True))

    @property
    def known_classes(self) -> frozenset[str]:
        """Of the classifiers, and those that readers gave."""
        of_models = {name for model in self.models if model.task == "classification" for name in model.classes}
        return frozenset(of_models | {name for name, count in self.cells.counted.items() if count})


class SignedReport(_Frozen):
    schema_: Literal["hemascope.case-report/1"] = Field("hemascope.case-report/1", alias="schema")
    research_use: str = RESEARCH_USE
    hemascope: str  # version of the software
    laboratory: str
    number: int
    status: ReportStatus
    reason: str  # of the amendment; empty in the first report
    conclusion: str
    signed_by: str
    signer_name: str
    signed_at: datetime
    analysis: CaseAnalysis


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
