"""FAB L1 to L3 of acute lymphoblastic leukaemia: the score of 1981, offered as a description only."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from hemascope.hematology.classification.context import LymphoblastFeatures
from hemascope.hematology.settings import Ground, Mark

FAB_ALL_GROUND = Ground(
    Mark.UNCHECKED, "FAB 1981, https://www.ncbi.nlm.nih.gov/pubmed/6938236: the four features [V], the numbers [K]"
)


class LymphoblastType(StrEnum):
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"


class LymphoblastDescription(BaseModel):
    """`score` from -4 (L2) to +2 (L1); L3 is told by basophilic, vacuolated cytoplasm whatever the score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: LymphoblastType
    score: int


def describe_lymphoblasts(features: LymphoblastFeatures) -> LymphoblastDescription:
    score = (
        (features.high_nc_ratio >= 75)
        + (features.small_or_no_nucleoli >= 75)
        - (features.low_nc_ratio >= 25)
        - (features.prominent_nucleoli >= 25)
        - (features.irregular_membrane >= 25)
        - (features.large_cells >= 50)
    )
    if features.basophilic_and_vacuolated:
        return LymphoblastDescription(type=LymphoblastType.L3, score=score)
    return LymphoblastDescription(type=LymphoblastType.L1 if score >= 0 else LymphoblastType.L2, score=score)
