"""What a message to another system says beside the counts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hemascope.hematology.classification.suggestions import Suggestions
from hemascope.hematology.classification.wording import worded
from hemascope.hematology.differential import RESEARCH_USE, Differential
from hemascope.hematology.taxonomy import Language


class ReportStatus(StrEnum):
    """FHIR's words; HL7 v2 has letters for them."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class ModelDevice:
    """The model bundle that gave the cells their first class."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ReportData:
    """`issued` must carry a time zone. Identifiers are those of the receiving system; names are never sent."""

    report_id: str
    patient_id: str
    specimen_id: str
    issued: datetime
    status: ReportStatus
    counted: Differential
    device: ModelDevice | None = None
    verifier_id: str | None = None  # the qualified person; needed for a final report
    suggestions: Suggestions | None = None
    conclusion: str = ""  # what that person wrote
    language: Language = "en"

    def __post_init__(self) -> None:
        if self.issued.tzinfo is None:
            raise ValueError(f"issued is {self.issued.isoformat()}; expected a time with a time zone")
        if self.status is not ReportStatus.PRELIMINARY and self.verifier_id is None:
            raise ValueError(f"a {self.status} report needs a verifier_id; without one it can only be preliminary")

    @property
    def remarks(self) -> tuple[str, ...]:
        """The research-use line and the conclusion, then an urgent alert and one line for each system."""
        written = (RESEARCH_USE, self.conclusion) if self.conclusion else (RESEARCH_USE,)
        if self.suggestions is None:
            return written
        words = worded(self.suggestions, self.language)
        urgent = (words.urgent,) if words.urgent else ()
        systems = (f"{words.heading}: {one.title}: {one.verdict}" for one in words.systems)
        return (*written, *urgent, *systems, words.disclaimer)
