"""From counts to a differential: denominators, percentages with exact limits, ratios, and what speaks against them.

Definitions and their sources: docs/hematology.md. Everything is computed from the counts; nothing is rounded here.
"""

from collections.abc import Mapping
from enum import StrEnum
from operator import index
from typing import Literal, SupportsIndex

from pydantic import BaseModel, ConfigDict, Field

from hemascope.errors import CountsError
from hemascope.hematology.intervals import clopper_pearson
from hemascope.hematology.settings import DifferentialSettings, NecMode
from hemascope.hematology.taxonomy import TAXONOMY, CellClass, Lineage, coarse_class, describe_unknown

RESEARCH_USE = "For Research Use Only. Not for use in diagnostic procedures."  # 21 CFR 809.10(c)(2)(i)
MAX_COUNT = 10**9  # of one class; no smear holds more, so it is a slip of the keyboard


class Specimen(StrEnum):
    PERIPHERAL_BLOOD = "peripheral-blood"
    BONE_MARROW = "bone-marrow"


class CountWarning(StrEnum):
    """Why a differential is to be read with care; the sentences belong to those who show them."""

    NO_CELLS = "no-cells"  # the denominator is zero
    TOO_FEW_CELLS = "too-few-cells"
    BELOW_RECOMMENDED = "below-recommended"
    MANY_UNIDENTIFIED = "many-unidentified"
    SMUDGE_AS_LYMPHOCYTES = "smudge-as-lymphocytes"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class Share(_Frozen):
    """`count` of `of` cells in per cent with exact limits; no percentages when `of` is zero."""

    count: int
    of: int
    percent: float | None
    percent_low: float | None
    percent_high: float | None


class Ratio(_Frozen):
    """Two counts and their quotient, times 100 where the name says "per 100"; no value when the denominator is zero."""

    numerator: int
    denominator: int
    value: float | None


class DifferentialRow(_Frozen):
    """One class; percentages only where it belongs to the denominator."""

    class_id: str = Field(alias="class")
    count: int
    in_denominator: bool
    percent: float | None = None
    percent_low: float | None = None
    percent_high: float | None = None
    per_100_wbc: float | None = None  # peripheral blood: erythroblasts and smudge cells


class BloodFigures(_Frozen):
    """What stands beside a blood differential, per 100 leucocytes."""

    nrbc_per_100_wbc: Ratio
    smudge_per_100_wbc: Ratio


class MarrowFigures(_Frozen):
    """The further denominators and ratios of a marrow differential."""

    anc: int  # all nucleated cells of the differential: the denominator
    nec: int  # non-erythroid cells, see NecMode
    erythroblasts: Share  # of ANC
    blasts_of_nec: Share
    myeloid_to_erythroid: Ratio


class Differential(_Frozen):
    """A differential count; `model_dump_json(by_alias=True)` is the document `hemascope.differential/1`."""

    schema_: Literal["hemascope.differential/1"] = Field("hemascope.differential/1", alias="schema")
    research_use: str = RESEARCH_USE
    specimen: Specimen
    settings: DifferentialSettings
    rows: tuple[DifferentialRow, ...]  # the classes given, in the order of the taxonomy
    total: int  # everything given, also what is outside the denominator
    denominator: int  # leucocytes in blood, nucleated cells (ANC) in marrow
    blasts: Share  # of the denominator: myeloblasts, monoblasts, lymphoblasts, megakaryoblasts and unspecified ones
    unidentified: Share  # of the denominator and the Unidentified together
    blood: BloodFigures | None
    marrow: MarrowFigures | None
    warnings: tuple[CountWarning, ...]


def differential(
    counts: Mapping[str, int], specimen: Specimen, settings: DifferentialSettings | None = None
) -> Differential:
    """The differential of `counts` (class id -> cells).

    Raises CountsError that names the class when an id is unknown or a count is no whole number in 0..MAX_COUNT.
    """
    settings = settings or DifferentialSettings()
    in_blood = specimen is Specimen.PERIPHERAL_BLOOD
    given = {class_id: checked_count(class_id, counts[class_id]) for class_id in counts}
    moves_smudge = in_blood and settings.smudge_as_lymphocytes and given.get("smudge_cell", 0) > 0
    counted = _smudge_to_lymphocytes(given) if moves_smudge else given
    cells = [cell for cell in TAXONOMY.values() if cell.id in counted]
    denominator = sum(counted[cell.id] for cell in cells if is_in_denominator(cell, specimen))
    unidentified = share(given.get("unidentified", 0), denominator + given.get("unidentified", 0), settings)
    warnings = _warnings(denominator, unidentified, in_blood, settings)
    return Differential(
        specimen=specimen,
        settings=settings,
        rows=tuple(_row(cell, counted[cell.id], denominator, specimen, settings) for cell in cells),
        total=sum(given.values()),
        denominator=denominator,
        blasts=share(_count_kind(counted, "blast"), denominator, settings),
        unidentified=unidentified,
        blood=_blood_figures(given, denominator) if in_blood else None,
        marrow=None if in_blood else _marrow_figures(counted, denominator, settings),
        warnings=(*warnings, CountWarning.SMUDGE_AS_LYMPHOCYTES) if moves_smudge else warnings,
    )


def is_in_denominator(cell: CellClass, specimen: Specimen) -> bool:
    return cell.in_pb_100 if specimen is Specimen.PERIPHERAL_BLOOD else cell.in_marrow_ndc


def checked_count(class_id: str, count: object) -> int:
    """`count` as an int (any integer type but bool); CountsError names the class and what is wrong."""
    if class_id not in TAXONOMY:
        raise CountsError(f"unknown class {describe_unknown(class_id, TAXONOMY)}")
    if not isinstance(count, SupportsIndex) or isinstance(count, bool) or not 0 <= index(count) <= MAX_COUNT:
        raise CountsError(f"count of '{class_id}' is {count!r:.40}; expected a whole number from 0 to {MAX_COUNT}")
    return index(count)


def _smudge_to_lymphocytes(given: Mapping[str, int]) -> dict[str, int]:
    moved = {class_id: count for class_id, count in given.items() if class_id != "smudge_cell"}
    return moved | {"lymphocyte": given.get("lymphocyte", 0) + given["smudge_cell"]}


def _count_kind(counts: Mapping[str, int], coarse_id: str) -> int:
    return sum(count for class_id, count in counts.items() if coarse_class(class_id) == coarse_id)


def share(count: int, of: int, settings: DifferentialSettings) -> Share:
    """A share with the exact limits of the confidence set; without percentages where `of` is zero."""
    if of == 0:
        return Share(count=count, of=of, percent=None, percent_low=None, percent_high=None)
    limits = clopper_pearson(count, of, settings.confidence)
    return Share(
        count=count, of=of, percent=100 * count / of, percent_low=100 * limits.low, percent_high=100 * limits.high
    )


def _per_100(count: int, leucocytes: int) -> Ratio:
    return Ratio(numerator=count, denominator=leucocytes, value=100 * count / leucocytes if leucocytes else None)


def _row(
    cell: CellClass, count: int, denominator: int, specimen: Specimen, settings: DifferentialSettings
) -> DifferentialRow:
    if is_in_denominator(cell, specimen):
        counted = share(count, denominator, settings)
        return DifferentialRow(in_denominator=True, class_id=cell.id, **counted.model_dump(exclude={"of"}))
    is_per_100 = specimen is Specimen.PERIPHERAL_BLOOD and cell.per_100_wbc
    per_100_wbc = _per_100(count, denominator).value if is_per_100 else None
    return DifferentialRow(in_denominator=False, class_id=cell.id, count=count, per_100_wbc=per_100_wbc)


def _blood_figures(given: Mapping[str, int], leucocytes: int) -> BloodFigures:
    return BloodFigures(
        nrbc_per_100_wbc=_per_100(_count_kind(given, "erythroblast"), leucocytes),
        smudge_per_100_wbc=_per_100(given.get("smudge_cell", 0), leucocytes),
    )


def _marrow_figures(counted: Mapping[str, int], anc: int, settings: DifferentialSettings) -> MarrowFigures:
    erythroblasts = _count_kind(counted, "erythroblast")
    nec = anc - erythroblasts
    if settings.nec_mode is NecMode.STRICT:  # macrophages are outside ANC already
        nec -= sum(_count_kind(counted, kind) for kind in ("lymphocyte", "plasma_cell", "mast_cell"))
    myeloid = sum(count for class_id, count in counted.items() if _is_myeloid(TAXONOMY[class_id], settings))
    return MarrowFigures(
        anc=anc,
        nec=nec,
        erythroblasts=share(erythroblasts, anc, settings),
        blasts_of_nec=share(_count_kind(counted, "blast"), nec, settings),
        myeloid_to_erythroid=Ratio(
            numerator=myeloid,
            denominator=erythroblasts,
            value=myeloid / erythroblasts if erythroblasts else None,
        ),
    )


def _is_myeloid(cell: CellClass, settings: DifferentialSettings) -> bool:
    if coarse_class(cell.id) == "blast" and not settings.me_includes_blasts:
        return False
    if cell.lineage is Lineage.MONOCYTIC:
        return settings.me_includes_monocytes
    return cell.lineage is Lineage.GRANULOCYTIC or cell.id == "blast"


def _warnings(
    denominator: int, unidentified: Share, in_blood: bool, settings: DifferentialSettings
) -> tuple[CountWarning, ...]:
    minimum = settings.min_cells_blood if in_blood else settings.min_cells_marrow
    found = []
    if denominator == 0:
        found.append(CountWarning.NO_CELLS)
    elif denominator < minimum:
        found.append(CountWarning.TOO_FEW_CELLS)
    elif in_blood and denominator < settings.recommended_cells_blood:
        found.append(CountWarning.BELOW_RECOMMENDED)
    if unidentified.percent is not None and unidentified.percent > settings.max_unidentified_percent:
        found.append(CountWarning.MANY_UNIDENTIFIED)
    return tuple(found)
