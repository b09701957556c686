"""The gate between two models of one task: what is asked, what was found, the verdict with its reasons."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hemascope.core.boxes import IntArray
from hemascope.core.manifest import ModelManifest
from hemascope.core.metrics.paired import cluster_bootstrap
from hemascope.data.versions import DatasetVersion

Fraction = Annotated[float, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class GateSettings(_Frozen):
    """What the new model must not fall short of; limits are one-sided."""

    margin: Fraction = 0.05  # by which the new recall, AP50 or F1 of a class may lie below the old one
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    calibration_margin: Fraction = 0.02  # by which the calibration error may grow
    min_cells: Annotated[int, Field(gt=0)] = 20  # of a class; with fewer it is shown, and not judged
    repeats: Annotated[int, Field(ge=100)] = 1000  # bootstrap draws of whole groups
    seed: int = 0


class ComparedModel(_Frozen):
    name: str
    version: str
    digest: str  # of the manifest

    @staticmethod
    def of(manifest: ModelManifest) -> "ComparedModel":
        return ComparedModel(name=manifest.name, version=manifest.version, digest=manifest.digest)


class FrozenData(_Frozen):
    """The cells or fields that both models saw."""

    title: str
    digest: str
    part: str
    size: int

    @staticmethod
    def of(version: DatasetVersion, part: str, size: int) -> "FrozenData":
        return FrozenData(title=version.title, digest=version.digest, part=part, size=size)


class ClassDifference(_Frozen):
    """A figure of one class under both models, and the lower limit of new minus old."""

    class_id: str
    figure: Literal["recall", "ap50", "f1"]
    cells: int
    old: float
    new: float
    lower: float
    is_judged: bool

    @property
    def text(self) -> str:
        return f"{self.figure} of {self.class_id}: {self.old:.3f} to {self.new:.3f}, at least {self.lower:+.3f}"


class Check(_Frozen):
    """One condition of the gate."""

    name: Literal["mcnemar", "classes", "calibration"]
    passed: bool
    reason: str


class Comparison(_Frozen):
    """The document of `hemascope models compare`."""

    schema_: Literal["hemascope.comparison/1"] = Field("hemascope.comparison/1", alias="schema")
    task: Literal["detection", "classification"]
    old: ComparedModel
    new: ComparedModel
    data: FrozenData
    settings: GateSettings
    figures: dict[str, tuple[float, float]]  # old and new
    classes: tuple[ClassDifference, ...]
    checks: tuple[Check, ...]
    passed: bool

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


Figure = Callable[[IntArray], float]  # of the rows (cells or fields) with these numbers; NaN where they do not give it


def lower_limit(old: Figure, new: Figure, groups: Sequence[str], settings: GateSettings) -> float:
    """Of new minus old, one-sided, when whole groups are drawn again; NaN where no draw gives both figures."""
    two_sided = 2 * settings.confidence - 1
    return cluster_bootstrap(
        lambda rows: new(rows) - old(rows), groups, confidence=two_sided, repeats=settings.repeats, seed=settings.seed
    ).low


def class_check(rows: tuple[ClassDifference, ...], settings: GateSettings) -> Check:
    """No judged class may have a lower limit below minus the margin."""
    worse = [row for row in rows if row.is_judged and not row.lower >= -settings.margin]
    unjudged = sorted({row.class_id for row in rows if not row.is_judged})
    left_out = f"; too few to judge: {', '.join(unjudged)}" if unjudged else ""
    judged = sum(row.is_judged for row in rows)
    if worse:
        return Check(
            name="classes",
            passed=False,
            reason=f"may lie more than {settings.margin:g} below: {'; '.join(row.text for row in worse)}{left_out}",
        )
    if not judged:
        return Check(name="classes", passed=False, reason=f"no class has {settings.min_cells} cells: use more data")
    reason = f"none of {judged} figures may lie more than {settings.margin:g} below{left_out}"
    return Check(name="classes", passed=True, reason=reason)
