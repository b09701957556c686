"""The JSON documents of `detect` and `classify`, which scripts rely on; see docs/outputs.md."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hemascope.core.detections import Detections
from hemascope.core.manifest import ConformalSets, ModelManifest
from hemascope.hematology.differential import RESEARCH_USE
from hemascope.inference.classifier import ClassifiedCells
from hemascope.service.problems import InputProblem
from hemascope.service.summary import ModelIdentity


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class DetectedBox(_Frozen):
    box_xyxy: tuple[float, float, float, float]  # pixels of the image
    score: float  # 0..1
    class_: str = Field(alias="class")  # of the detector: wbc, rbc, platelet
    above_threshold: bool  # the model's own threshold of the class, from which `analyze` counts a cell


class DetectedImage(_Frozen):
    file: str
    width: int
    height: int
    detections: tuple[DetectedBox, ...]

    @staticmethod
    def from_detections(
        file: str, width: int, height: int, found: Detections, manifest: ModelManifest
    ) -> "DetectedImage":
        """Boxes best score first. Raises ValueError for the manifest of another task."""
        settings, classes = manifest.detection, manifest.classes
        if settings is None:
            raise ValueError(f"{manifest.name} is no detector")
        boxes = tuple(
            DetectedBox(
                box_xyxy=(round(x1, 2), round(y1, 2), round(x2, 2), round(y2, 2)),
                score=round(score, 5),
                class_=classes[class_id],
                above_threshold=score >= settings.threshold_of(classes[class_id]),
            )
            for (x1, y1, x2, y2), score, class_id in zip(
                found.boxes_xyxy.tolist(), found.scores.tolist(), found.class_ids.tolist(), strict=True
            )
        )
        return DetectedImage(file=file, width=width, height=height, detections=boxes)


class DetectionsDocument(_Frozen):
    schema_: Literal["hemascope.detections/1"] = Field("hemascope.detections/1", alias="schema")
    research_use: str = RESEARCH_USE
    model: ModelIdentity
    images: tuple[DetectedImage, ...]
    problems: tuple[InputProblem, ...]

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True) + "\n"


class ClassifiedImage(_Frozen):
    file: str
    class_: str = Field(alias="class")  # the best taxonomy id, also where `unidentified`
    probabilities: dict[str, float]  # calibrated, sum 1
    unidentified: bool
    ood_score: float  # log-sum-exp of the logits: lower is stranger to the model
    feature_distance: (
        float | None
    )  # to the nearest class: higher is stranger; null where the model has no feature check
    possible: tuple[str, ...] | None  # conformal set of classes; null where the model has no quantiles

    @staticmethod
    def from_cells(files: list[str], cells: ClassifiedCells, sets: ConformalSets | None) -> "list[ClassifiedImage]":
        """One row of `cells` a file, in the same order."""
        distances = [None] * len(cells) if cells.distance is None else cells.distance.tolist()
        possible = [None] * len(cells) if sets is None else cells.possible(sets)
        return [
            ClassifiedImage(
                file=file,
                class_=best,
                probabilities={name: round(p, 6) for name, p in zip(cells.classes, row, strict=True)},
                unidentified=unidentified,
                ood_score=round(score, 5),
                feature_distance=None if distance is None else round(distance, 5),
                possible=None
                if is_in is None
                else tuple(name for name, yes in zip(cells.classes, is_in, strict=True) if yes),
            )
            for file, best, row, unidentified, score, distance, is_in in zip(
                files,
                cells.best,
                cells.probabilities.tolist(),
                cells.unidentified.tolist(),
                cells.logsumexp.tolist(),
                distances,
                possible,
                strict=True,
            )
        ]


class ClassificationDocument(_Frozen):
    schema_: Literal["hemascope.classification/1"] = Field("hemascope.classification/1", alias="schema")
    research_use: str = RESEARCH_USE
    model: ModelIdentity
    images: tuple[ClassifiedImage, ...]
    problems: tuple[InputProblem, ...]

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True) + "\n"
