"""What is known of a case beside its counts; every fact is optional, and None always means "not stated"."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hemascope.errors import CountsError

Percent = Annotated[float, Field(ge=0, le=100)]


class Lesion(StrEnum):
    """A genetic finding that a table asks for; the value is how it is written in a context file."""

    PML_RARA = "PML::RARA"
    RUNX1_RUNX1T1 = "RUNX1::RUNX1T1"
    CBFB_MYH11 = "CBFB::MYH11"
    DEK_NUP214 = "DEK::NUP214"
    RBM15_MRTFA = "RBM15::MRTFA"
    BCR_ABL1 = "BCR::ABL1"
    KMT2A = "KMT2A-r"
    MECOM = "MECOM-r"
    NUP98 = "NUP98-r"
    NPM1 = "NPM1"
    CEBPA = "CEBPA"
    TP53 = "TP53"
    TP53_MULTI_HIT = "TP53-multi-hit"
    SF3B1 = "SF3B1"
    DEL_5Q = "del(5q)"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CountOf(_Frozen):
    """`count` of `of` cells, as counted; never a percentage."""

    count: int = Field(ge=0)
    of: int = Field(ge=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.count > self.of:
            raise ValueError(f"{self.count} of {self.of} cells is no proportion; expected count <= of")
        return self


class LymphoblastFeatures(_Frozen):
    """Shares of the lymphoblasts, in per cent, for the score of FAB 1981; and the two marks of L3."""

    high_nc_ratio: Percent
    low_nc_ratio: Percent
    small_or_no_nucleoli: Percent
    prominent_nucleoli: Percent
    irregular_membrane: Percent
    large_cells: Percent
    basophilic_and_vacuolated: bool


class ClinicalContext(_Frozen):
    """Facts a person may enter. Percentages are of blasts unless said otherwise."""

    mpo_or_sbb_percent: Percent | None = None  # positive in cytochemistry
    myeloid_antigen_percent: Percent | None = None  # positive by flow cytometry
    lymphoid_markers: bool | None = None  # lineage-defining lymphoid antigens by flow cytometry
    platelet_markers: bool | None = None  # platelet peroxidase in electron microscopy, CD41 or CD61
    nonspecific_esterase_percent: Percent | None = None
    lysozyme_times_normal: Annotated[float, Field(ge=0)] | None = None  # serum
    auer_rods: bool | None = None
    apl_morphology: bool | None = None  # faggot cells, or bilobed or hypergranular promyelocytes were seen
    lesions: tuple[Lesion, ...] | None = None  # found; () when tested and none found
    blood_blasts: CountOf | None = None  # of the leucocytes of peripheral blood
    blood_monocytes_e9_per_l: Annotated[float, Field(ge=0)] | None = None
    ring_sideroblasts: CountOf | None = None  # of the erythroblasts, iron stain
    cytopenia: bool | None = None
    dysplasia: bool | None = None  # in at least 10 % of the cells of a lineage
    fibrosis: bool | None = None  # of the marrow, grade 2 or 3
    prior_cytotoxic_therapy: bool | None = None
    lymphoblasts: LymphoblastFeatures | None = None
    reviewed: bool | None = None  # a qualified person has looked at every cell
    hemodilute: bool | None = None  # aspirate diluted with blood
    out_of_distribution: bool | None = None  # pictures unlike those the model was trained on

    @property
    def blast_lineage(self) -> Literal["myeloid", "lymphoid"] | None:
        """What cytochemistry or flow cytometry say of the blasts; None where they say nothing or contradict."""
        if self.lymphoid_markers:
            return "lymphoid" if self.mpo_or_sbb_percent is not None and self.mpo_or_sbb_percent < 3 else None
        if self.mpo_or_sbb_percent is not None and self.mpo_or_sbb_percent >= 3:
            return "myeloid"
        has_antigen = self.myeloid_antigen_percent is not None and self.myeloid_antigen_percent >= 20
        return "myeloid" if has_antigen and self.lymphoid_markers is False else None


def parse_context(text: str) -> ClinicalContext:
    """A context from JSON text; raises CountsError that names the first wrong entry and what was expected."""
    try:
        return ClinicalContext.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        known = ", ".join(ClinicalContext.model_fields)
        raise CountsError(f"context: {place}: {first['msg']}; entries are {known}") from error
