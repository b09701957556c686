"""The choices a laboratory may make differently, each with the source of its default."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Mark(StrEnum):
    """How well a figure is grounded."""

    VERIFIED = "V"  # read in the source
    SECOND_HAND = "2nd"  # seen only quoted elsewhere
    UNCHECKED = "K"  # general knowledge, not checked


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a default comes from; kept in the field's metadata so that the documentation is made from it."""

    mark: Mark
    source: str


class NecMode(StrEnum):
    """What is taken from ANC to get the non-erythroid cells (NEC)."""

    ERYTHROID_ONLY = "erythroid_only"  # erythroblasts
    STRICT = "strict"  # erythroblasts, lymphocytes, plasma cells, mast cells and macrophages


class DifferentialSettings(BaseModel):
    """How cells are counted; docs/hematology.md lists the defaults with their sources."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    confidence: Annotated[
        float,
        Field(gt=0, lt=1, description="confidence of the exact (Clopper-Pearson) limits"),
        Ground(Mark.VERIFIED, "Rümke limits, 95 %"),
    ] = 0.95
    min_cells_blood: Annotated[
        int,
        Field(ge=0, description="leucocytes below which a blood differential is called too small"),
        Ground(Mark.VERIFIED, "routine practice, 100 to 200 cells"),
    ] = 100
    recommended_cells_blood: Annotated[
        int,
        Field(ge=0, description="leucocytes below which more cells are recommended in blood"),
        Ground(Mark.UNCHECKED, "CLSI H20-A2: two readers with 200 cells each"),
    ] = 200
    min_cells_marrow: Annotated[
        int,
        Field(ge=0, description="nucleated cells below which a marrow differential is called too small"),
        Ground(Mark.SECOND_HAND, "WHO and ICSH 2008: at least 500 when a percentage matters"),
    ] = 500
    max_unidentified_percent: Annotated[
        float,
        Field(
            ge=0,
            le=100,
            description="share of Unidentified among the cells to be counted above which a warning is given",
        ),
        Ground(Mark.UNCHECKED, "no published figure; laboratory policy"),
    ] = 10.0
    nec_mode: Annotated[
        NecMode,
        Field(description="what is taken from ANC to get NEC"),
        Ground(Mark.UNCHECKED, "FAB 1985 is quoted both ways; strict also removes lymphocytes, plasma and mast cells"),
    ] = NecMode.ERYTHROID_ONLY
    me_includes_blasts: Annotated[
        bool,
        Field(description="M:E counts myeloblasts, monoblasts and unspecified blasts as myeloid"),
        Ground(Mark.UNCHECKED, "convention"),
    ] = True
    me_includes_monocytes: Annotated[
        bool,
        Field(description="M:E counts the monocytic line as myeloid"),
        Ground(Mark.UNCHECKED, "convention"),
    ] = True
    smudge_as_lymphocytes: Annotated[
        bool,
        Field(description="smudge cells of blood are added to the lymphocytes (a local policy in CLL)"),
        Ground(Mark.UNCHECKED, "local policy"),
    ] = False


class M3Numerator(StrEnum):
    """Which cells must reach 30 % of ANC for FAB M3."""

    BLASTS_AND_ABNORMAL = "blasts_and_abnormal"
    ABNORMAL_ONLY = "abnormal_only"


class ClassificationSettings(BaseModel):
    """Where sources of the FAB, WHO and ICC tables disagree, and what keeps a suggestion back."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    counting: DifferentialSettings = DifferentialSettings()
    m4_granulocytic_percent: Annotated[
        Literal[20, 30],
        Field(description="FAB M4: granulocytic cells from the promyelocyte on, at least this share of NEC"),
        Ground(Mark.VERIFIED, "sources disagree: 20 or 30"),
    ] = 20
    m4_monocytic_percent: Annotated[
        Literal[20, 30],
        Field(description="FAB M4: monoblasts, promonocytes and monocytes, at least this share of NEC"),
        Ground(Mark.VERIFIED, "sources disagree: mostly 20, one 30"),
    ] = 20
    m3_numerator: Annotated[
        M3Numerator,
        Field(description="FAB M3: cells that must reach 30 % of ANC; or the abnormal promyelocytes alone"),
        Ground(Mark.SECOND_HAND, "blasts too; Sun 2023, 6.3.4.2, counts the promyelocytes alone"),
    ] = M3Numerator.BLASTS_AND_ABNORMAL
    raeb_t_at_20: Annotated[
        bool,
        Field(description="FAB-MDS: exactly 20 % marrow blasts are RAEB-t, else still RAEB"),
        Ground(Mark.VERIFIED, "sources differ at exactly 20"),
    ] = True
    withhold_when_straddling: Annotated[
        bool,
        Field(description="no suggestion where an exact interval crosses a cut-off that decides; else only an alert"),
        Ground(Mark.UNCHECKED, "design rule X1"),
    ] = True
    require_review: Annotated[
        bool,
        Field(description="no suggestion from cells that nobody has said are reviewed; off: only when said unreviewed"),
        Ground(Mark.UNCHECKED, "design rule X1; a table typed by a person need not say it"),
    ] = False
