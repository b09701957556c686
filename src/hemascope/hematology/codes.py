"""Codes of results for other systems: LOINC where verified, else local codes with text; units in UCUM.

LOINC is given only for codes of the HL7 mCODE value set (classes, see the taxonomy) or the pages named here; check them
against a LOINC release. Marrow percentages have no verified code, so they are local.
"""

from dataclasses import dataclass
from typing import Final

from hemascope.hematology.differential import Specimen
from hemascope.hematology.settings import Ground, Mark
from hemascope.hematology.taxonomy import CellClass

LOINC: Final = "http://loinc.org"
LOCAL: Final = "urn:hemascope:codes"
UCUM: Final = "http://unitsofmeasure.org"

PERCENT: Final = "%"
PER_100_WBC: Final = "/100{WBCs}"
RATIO: Final = "{ratio}"
CELLS: Final = "{cells}"


@dataclass(frozen=True, slots=True)
class ResultCode:
    """`system` is LOINC or LOCAL; `text` is always given, so that a reader needs no code table."""

    system: str
    code: str
    text: str

    @property
    def hl7_table(self) -> str:
        """Name of the coding system in HL7 v2: LN, or 99 with a local name."""
        return "LN" if self.system == LOINC else "99HEMA"


_PANELS = {
    Specimen.PERIPHERAL_BLOOD: ResultCode(LOINC, "24318-8", "Manual differential panel, blood"),
    Specimen.BONE_MARROW: ResultCode(LOINC, "48807-2", "Bone marrow aspirate report"),
}
PANEL_GROUNDS = {
    "24318-8": Ground(Mark.VERIFIED, "NMDP CIBMTR FHIR guide"),
    "48807-2": Ground(
        Mark.VERIFIED, "https://hl7.org/fhir/us/mcode/Observation-bone-marrow-aspirate-result-brian-l.xml"
    ),
    "19048-8": Ground(Mark.VERIFIED, "HL7 mCODE value set; check for newer codes"),
}
NUCLEATED_RED_CELLS = ResultCode(LOINC, "19048-8", "Nucleated erythrocytes per 100 leucocytes, blood")
MYELOID_TO_ERYTHROID = ResultCode(LOCAL, "myeloid-to-erythroid", "Myeloid to erythroid ratio, marrow")


def panel_code(specimen: Specimen) -> ResultCode:
    return _PANELS[specimen]


def percentage_code(cell: CellClass, specimen: Specimen) -> ResultCode:
    """Code of a class as per cent of the denominator of the specimen."""
    if specimen is Specimen.PERIPHERAL_BLOOD and cell.loinc:
        return ResultCode(LOINC, cell.loinc, f"{cell.name_en}, per cent of leucocytes, blood")
    where = "leucocytes, blood" if specimen is Specimen.PERIPHERAL_BLOOD else "nucleated cells, marrow"
    return ResultCode(LOCAL, f"{specimen}.{cell.id}.percent", f"{cell.name_en}, per cent of {where}")
