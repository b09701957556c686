"""What a served model promises: the one file that joins training and serving.

`export` writes it beside each `.onnx`; `inference` believes nothing else about the network.
"""

import hashlib
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from hemascope.core.suppression import BoxVoting

SCHEMA: Final = "hemascope.bundle/1"

Fraction = Annotated[float, Field(ge=0, le=1)]
Triple = tuple[float, float, float]
InputStep = Literal["adaptive_gamma", "lab_kmeans", "stain_normalise"]  # done by imaging.input_steps
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Preprocessing(_Frozen):
    """RGB pixels to network input (batch, 3, height, width): `steps`, divided by 255, minus `mean`, over `std`."""

    input_size: Annotated[int, Field(gt=0)]  # detector: longest side of the letterbox; classifier: side of the square
    stride: Annotated[int, Field(gt=0)] = 32  # detector: both sides are padded to a multiple of this
    mean: Triple
    std: Triple
    steps: tuple[InputStep, ...] = ()  # classifier: done to the resized crop first, in this order


class DetectionSettings(_Frozen):
    """How raw boxes become detections, and which images are cut into tiles first."""

    score_threshold: Fraction  # below this a box is not reported; the F1-best point on the validation part
    class_thresholds: dict[str, Fraction] = {}  # overrides by class
    nms_iou: Fraction = 0.5
    max_candidates: Annotated[int, Field(gt=0)] = 1000  # best boxes that enter NMS
    max_detections: Annotated[int, Field(gt=0)] = 300  # best boxes that leave it, a network input
    box_voting: BoxVoting | None = None  # candidates that NMS drops move the kept boxes
    tile_px: Annotated[int, Field(gt=0)] = 640  # side of a tile in pixels of the image
    tile_overlap_px: Annotated[int, Field(ge=0)] = (
        160  # must exceed the largest cell, so that each is whole in some tile
    )
    whole_up_to_px: Annotated[int, Field(gt=0)] = 960  # images with a longer side above this are tiled

    def threshold_of(self, class_id: str) -> float:
        """Score from which a box of this class is reported."""
        return self.class_thresholds.get(class_id, self.score_threshold)


class FeatureCheck(_Frozen):
    """Cells whose features lie far from every class are out of distribution."""

    file: str  # beside the network: class means and whitening of its features, see core/feature_distribution.py
    sha256: Sha256
    max_distance: Annotated[float, Field(gt=0)]  # Mahalanobis distance to the nearest class above this: Unidentified


class ConformalSets(_Frozen):
    """Which classes a cell may be, so that the true one is among them as often as promised, for every class."""

    coverage: Annotated[float, Field(gt=0, lt=1)]
    quantiles: dict[str, Fraction]  # by class: it is possible where 1 - its probability is at most this


class ClassificationSettings(_Frozen):
    """How logits become a class, and when the class is withheld."""

    temperature: Annotated[float, Field(gt=0)] = 1.0  # logits are divided by it before softmax
    crop_context: Annotated[float, Field(ge=1)]  # side of the square crop / longer side of the detected box
    whole_image_zoom: Fraction = 1.0  # central part of a ready-made crop file that the network sees
    views: Annotated[int, Field(ge=1, le=8)] = 1  # turns and mirrors of a crop whose mean probabilities count
    min_probability: Fraction = 0.0  # calibrated best probability below this: Unidentified
    class_thresholds: dict[str, Fraction] = {}  # overrides `min_probability` by best class
    min_logsumexp: float | None = None  # log-sum-exp of the raw logits below this: out of distribution, Unidentified
    feature_check: FeatureCheck | None = None
    conformal: ConformalSets | None = None

    def threshold_of(self, class_id: str) -> float:
        """Probability from which a cell is named by this class."""
        return self.class_thresholds.get(class_id, self.min_probability)


class ModelManifest(_Frozen):
    """Identity, contract and provenance of one `.onnx` file.

    Detector outputs: `boxes` (batch, anchors, 4) xyxy in network pixels, `scores` (batch, anchors, classes) in 0..1.
    Classifier outputs: `logits` (batch, classes), `features` (batch, dimensions).
    """

    schema_: Literal["hemascope.bundle/1"] = Field(SCHEMA, alias="schema")
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    version: str
    task: Literal["detection", "classification"]
    architecture: str  # registry name
    architecture_options: dict[str, JsonValue] | None = None  # of its builder; None in bundles older than the field
    onnx_file: str
    onnx_sha256: Sha256
    opset: int
    precision: Literal["fp32", "fp16", "int8"] = "fp32"
    classes: Annotated[tuple[str, ...], Field(min_length=1)]  # ids, in the order of the network's outputs
    preprocessing: Preprocessing
    detection: DetectionSettings | None = None
    classification: ClassificationSettings | None = None
    licence: str
    data: tuple[str, ...]  # datasets with attribution
    training_run: str  # id of the run: recipe name, seed and digest of the resolved recipe
    metrics: dict[str, float] = {}  # headline figures on the validation part, see the model card

    @property
    def digest(self) -> str:
        """SHA-256 over all that is promised, the network's own hash among it: what has it too does the same."""
        return hashlib.sha256(self.model_dump_json(by_alias=True, exclude_defaults=True).encode()).hexdigest()

    @model_validator(mode="after")
    def _settings_match_task(self) -> "ModelManifest":
        if (self.detection is not None) != (self.task == "detection") or (self.classification is not None) != (
            self.task == "classification"
        ):
            raise ValueError(f"a {self.task} manifest needs exactly the '{self.task}' settings")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("class ids must differ")
        settings = self.classification
        if settings is not None and settings.conformal is not None:
            missing = set(self.classes) ^ set(settings.conformal.quantiles)
            if missing:
                raise ValueError(f"conformal quantiles and classes differ in {sorted(missing)}")
        return self
