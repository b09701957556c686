"""Kinds of values that recipes are made of."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


def _in_order(low_high: tuple[float, float]) -> tuple[float, float]:
    if not 0 < low_high[0] <= low_high[1]:
        raise ValueError(f"expected two numbers above 0, the smaller first, got {list(low_high)}")
    return low_high


Range = Annotated[tuple[float, float], AfterValidator(_in_order)]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)
