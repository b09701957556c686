"""Figures of blood beside the differential: the correction for nucleated red cells, and estimates from fields."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hemascope.errors import CountsError
from hemascope.hematology.differential import Ratio
from hemascope.hematology.settings import Ground, Mark


class BloodSettings(BaseModel):
    """Site factors and limits; the factors must be calibrated against the counter of the laboratory."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    nrbc_correction_from: Annotated[
        float,
        Field(ge=0, description="nucleated red cells per 100 WBC from which the WBC count is corrected"),
        Ground(Mark.VERIFIED, "mostly 5; any or 10 in some laboratories [K]"),
    ] = 5
    wbc_e9_per_l_per_field: Annotated[
        float,
        Field(gt=0, description="10⁹/L of leucocytes for a mean of one leucocyte a field, 40x objective"),
        Ground(Mark.UNCHECKED, "rule of thumb; calibrate on site"),
    ] = 2
    platelets_e9_per_l_per_field: Annotated[
        float,
        Field(gt=0, description="10⁹/L of platelets for a mean of one platelet a field, 100x objective"),
        Ground(Mark.UNCHECKED, "rule of thumb, 15 to 20; calibrate on site"),
    ] = 15


class CorrectedLeucocytes(BaseModel):
    """`value` in the unit of the count that was given; it equals that count where nothing was to be corrected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    is_corrected: bool
    nrbc_per_100_wbc: Ratio


def correct_leucocytes(
    counted: float,
    nrbc_per_100_wbc: Ratio,
    settings: BloodSettings | None = None,
    *,
    is_already_corrected: bool,
) -> CorrectedLeucocytes:
    """WBC x 100 / (100 + nucleated red cells per 100 WBC), from the limit of the settings on, and never twice.

    `is_already_corrected`: the analyser took the nucleated red cells out. Raises CountsError for a negative count, or
    where no leucocyte was counted and the ratio has no value.
    """
    if counted < 0 or nrbc_per_100_wbc.value is None:
        raise CountsError(
            f"a count of {counted:g} with {nrbc_per_100_wbc.numerator} nucleated red cells per "
            f"{nrbc_per_100_wbc.denominator} leucocytes cannot be corrected; expected a count from 0 on and leucocytes"
        )
    limit = (settings or BloodSettings()).nrbc_correction_from
    if is_already_corrected or nrbc_per_100_wbc.value < limit:
        return CorrectedLeucocytes(value=counted, is_corrected=False, nrbc_per_100_wbc=nrbc_per_100_wbc)
    leucocytes, red_cells = nrbc_per_100_wbc.denominator, nrbc_per_100_wbc.numerator
    value = counted * leucocytes / (leucocytes + red_cells)
    return CorrectedLeucocytes(value=value, is_corrected=True, nrbc_per_100_wbc=nrbc_per_100_wbc)


def estimate_leucocytes(cells: int, fields: int, settings: BloodSettings | None = None) -> float:
    """Leucocytes in 10⁹/L from `cells` counted in `fields` of the 40x objective. Raises CountsError without fields."""
    return _per_field(cells, fields) * (settings or BloodSettings()).wbc_e9_per_l_per_field


def estimate_platelets(platelets: int, fields: int, settings: BloodSettings | None = None) -> float:
    """Platelets in 10⁹/L from those counted in `fields` of the 100x objective. Raises CountsError without fields."""
    return _per_field(platelets, fields) * (settings or BloodSettings()).platelets_e9_per_l_per_field


def _per_field(cells: int, fields: int) -> float:
    if fields < 1 or cells < 0:
        raise CountsError(
            f"{cells} cells in {fields} fields give no estimate; expected cells from 0 on, fields from 1 on"
        )
    return cells / fields
