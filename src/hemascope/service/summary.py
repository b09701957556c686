"""`summary.json`: what an analysis found, with which models, what speaks against it. Documented in docs/outputs.md."""

from datetime import datetime
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope import __version__
from hemascope.core.manifest import ModelManifest
from hemascope.errors import InputUnreadableError
from hemascope.hematology.differential import RESEARCH_USE, Differential
from hemascope.hematology.taxonomy import Language
from hemascope.service.output_folder import SUMMARY_FILE
from hemascope.service.problems import InputProblem


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class ModelIdentity(_Frozen):
    """Which network ran, beyond doubt, and with which thresholds."""

    task: Literal["detection", "classification"]
    name: str
    version: str
    sha256: str  # of the .onnx file
    architecture: str
    precision: str
    classes: tuple[str, ...]
    thresholds: dict[str, float]
    licence: str

    @staticmethod
    def from_manifest(manifest: ModelManifest) -> "ModelIdentity":
        return ModelIdentity(
            task=manifest.task,
            name=manifest.name,
            version=manifest.version,
            sha256=manifest.onnx_sha256,
            architecture=manifest.architecture,
            precision=manifest.precision,
            classes=manifest.classes,
            thresholds=_thresholds(manifest),
            licence=manifest.licence,
        )


def _thresholds(manifest: ModelManifest) -> dict[str, float]:
    if manifest.detection is not None:
        own = manifest.detection.class_thresholds
        return {"score": manifest.detection.score_threshold, **{f"score:{name}": value for name, value in own.items()}}
    settings = manifest.classification
    if settings is None:
        return {}
    thresholds = {"probability": settings.min_probability}
    thresholds |= {f"probability:{name}": value for name, value in settings.class_thresholds.items()}
    if settings.min_logsumexp is not None:
        thresholds["logsumexp"] = settings.min_logsumexp
    if settings.feature_check is not None:
        thresholds["feature_distance"] = settings.feature_check.max_distance
    return thresholds


class FieldTotals(_Frozen):
    """Images named by the caller = analysed + unreadable + not reached (after an interruption)."""

    given: int
    analysed: int
    unreadable: int


class CellTotals(_Frozen):
    """`detected` by class of the detector; `counted` by taxonomy id, `unidentified` among them."""

    detected: dict[str, int]
    counted: dict[str, int]


class Timings(_Frozen):
    """Wall-clock seconds; `networks` is detection, cropping and classification, `write` the waiting for the disk.

    `read` and `quality` are spent in another thread while the networks run, so that the parts may add up to more.
    """

    total_s: float
    read_s: float
    quality_s: float
    networks_s: float
    write_s: float


class Environment(_Frozen):
    hemascope: str
    python: str
    packages: dict[str, str]

    @staticmethod
    def current() -> "Environment":
        packages = ("numpy", "onnxruntime", "pillow", "tifffile", "imagecodecs", "scipy")
        return Environment(
            hemascope=__version__,
            python=python_version(),
            packages={name: metadata.version(name) for name in packages},
        )


class AnalysisSummary(_Frozen):
    schema_: Literal["hemascope.summary/1"] = Field("hemascope.summary/1", alias="schema")
    research_use: str = RESEARCH_USE
    created_at: datetime  # with time zone
    case_id: str | None
    language: Language  # of the report as first written
    interrupted: bool  # stopped before all images were done; everything here is of the finished ones
    models: tuple[ModelIdentity, ...]
    fields: FieldTotals
    cells: CellTotals
    differential: Differential
    quality: dict[str, int]  # warning code of a field -> number of fields that have it
    problems: tuple[InputProblem, ...]
    timings: Timings
    environment: Environment

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=2) + "\n"


def read_summary(folder: Path) -> AnalysisSummary:
    """Raises InputUnreadableError where `folder` holds no analysis of this version."""
    path = folder / SUMMARY_FILE
    try:
        return AnalysisSummary.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputUnreadableError(
            f"'{folder}' holds no analysis: {SUMMARY_FILE}: {error.strerror}; name the --out of an analyze run"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputUnreadableError(f"'{path}' is no summary of this version: {place}: {first['msg']}") from error
