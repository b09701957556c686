"""A training recipe: one reviewed YAML file a published result. Unknown keys raise.

The line below a field is its description in docs/training.md, see `recipe_tables.py`.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from hemascope.errors import RecipeError

Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


def _in_order(low_high: tuple[float, float]) -> tuple[float, float]:
    if not 0 < low_high[0] <= low_high[1]:
        raise ValueError(f"expected two numbers above 0, the smaller first, got {list(low_high)}")
    return low_high


Range = Annotated[tuple[float, float], AfterValidator(_in_order)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class ModelChoice(_Frozen):
    name: str
    """a name of the registry, see hemascope.models"""
    options: dict[str, Any] = {}
    """keyword arguments of its builder"""


class DataChoice(_Frozen):
    reader: str
    """a reader of hemascope.data.readers"""
    train_split: str = "train"
    """part that is trained on"""
    val_split: str = "val"
    """part that is measured while training and that export reads its thresholds off"""
    cache_px: Positive
    """images are kept in memory, shrunk to this longest side where they are larger"""
    classes: tuple[str, ...] | None = None
    """detection: the only classes that are learned and measured, in this order; all of the dataset's by default"""
    first_classes: tuple[str, ...] = ()
    """classification: classes that the network names first, in this order, whether or not the data has them"""
    train_fields: Positive | None = None
    """detection: train on so many images only, taken evenly from the training part; all by default"""
    painted_fields: Annotated[int, Field(ge=0)] = 0
    """detection: fields of hemascope.synth added to the training part, painted with the recipe's seed"""


class Optimisation(_Frozen):
    """AdamW, linear warm-up, cosine decay to `final_lr_factor`; an exponential moving average is what is kept."""

    epochs: Positive
    """passes over the training part"""
    batch_size: Positive
    """images a step; the rest of an epoch that fills no batch is left out"""
    lr: Annotated[float, Field(gt=0)]
    """learning rate after the warm-up"""
    weight_decay: NotNegative = 0.05
    """of kernels; norms and biases have none"""
    warmup_steps: Annotated[int, Field(ge=0)] = 200
    """steps in which the rate rises from 0 to `lr`"""
    final_lr_factor: Fraction = 0.01
    """share of `lr` that is left at the end"""
    clip_norm: Annotated[float, Field(gt=0)] = 10.0
    """longest gradient; a longer one is shortened to it"""
    ema_decay: Fraction = 0.999
    """share of the averaged weights that survives a step; young averages follow faster"""
    validate_every: Positive = 5
    """epochs; the last epoch is always measured"""
    precision: Literal["fp32", "bf16"] = "fp32"
    """number format of the network's layers while training; bf16 is faster on processors that have it"""


class DetectionAugmentation(_Frozen):
    mosaic: Fraction = 0.5
    """share of samples made of four fields"""
    scale: Range = (0.6, 1.4)
    """size of the field relative to the input's longest side"""
    colour: NotNegative = 1.0
    """strength of colour and light changes; 0 switches them off"""
    blur: Fraction = 0.1
    """share of samples blurred a little"""


class ClassificationAugmentation(_Frozen):
    context: Range = (1.2, 2.0)
    """side of the crop relative to the box, where the box is known"""
    zoom: Range = (0.6, 1.0)
    """side of the central crop relative to the image, where it is not"""
    whole_image: Fraction = 0.5
    """share of samples cut without looking at the box"""
    shift: Fraction = 0.06
    """largest shift of the crop's centre relative to its side"""
    rotation: bool = True
    """turn by any angle, besides the eight turns and mirrors"""
    colour: NotNegative = 1.0
    """strength of colour and light changes; 0 switches them off"""
    blur: Fraction = 0.1
    """share of samples blurred a little"""
    mixup: NotNegative = 0.0
    """alpha of the Beta distribution that blends two samples; 0 switches it off"""
    label_smoothing: Fraction = 0.1
    """share of the target spread over all classes"""


class MaxIouAssignment(_Frozen):
    """Thresholds on the IoU of anchor and box (Lin et al. 2017); every box keeps its best anchor."""

    strategy: Literal["max_iou"]
    """which strategy this is"""
    positive_iou: Fraction = 0.5
    """an anchor is responsible for a box from this overlap on"""
    negative_iou: Fraction = 0.4
    """an anchor is background below this overlap; between the two it is ignored"""


class AtssAssignment(_Frozen):
    """Adaptive training sample selection (Zhang et al. 2020)."""

    strategy: Literal["atss"]
    """which strategy this is"""
    candidates: Positive = 9
    """anchors a level that compete for a box"""


class PaaAssignment(_Frozen):
    """Probabilistic anchor assignment (Kim and Lee 2020)."""

    strategy: Literal["paa"]
    """which strategy this is"""
    candidates: Positive = 9
    """anchors a level that compete for a box"""
    iou_power: NotNegative = 1.0
    """lambda: weight of the overlap beside the class probability in an anchor's score"""


class OtaAssignment(_Frozen):
    """Optimal transport assignment (Ge et al. 2021)."""

    strategy: Literal["ota"]
    """which strategy this is"""
    dynamic_k: Positive = 20
    """best overlaps whose sum is the number of anchors that a box gets"""
    cost_weight: NotNegative = 1.5
    """weight of the box cost beside the class cost"""
    epsilon: Annotated[float, Field(gt=0)] = 0.1
    """entropic regularisation of Sinkhorn-Knopp"""
    iterations: Positive = 50
    """Sinkhorn-Knopp steps"""
    centre_radius: Annotated[float, Field(gt=0)] = 2.5
    """half the side of a box's centre region, in strides"""


Assignment = Annotated[
    MaxIouAssignment | AtssAssignment | PaaAssignment | OtaAssignment, Field(discriminator="strategy")
]


class DenseLoss(_Frozen):
    """Loss of the RetinaNet family (thesis eq. 4.4); peers bring their own."""

    assignment: Assignment = AtssAssignment(strategy="atss")
    """which anchors answer for which box"""
    box: Literal["giou", "smooth_l1"] = "giou"
    """loss of the boxes: GIoU, or smooth L1 on the deltas as in the base network"""
    box_weight: NotNegative = 2.0
    """weight of the box loss beside the focal loss"""
    iou_weight: NotNegative = 1.0
    """weight of the IoU branch's loss"""


class DetectionRecipe(_Frozen):
    task: Literal["detection"]
    """which kind of recipe this is"""
    input_size: Positive
    """side of the square training input in pixels, a multiple of the network's stride"""
    eval_size: Positive
    """longest side of the letterbox in pixels when validating and serving"""
    model: ModelChoice
    """the network"""
    data: DataChoice
    """the dataset; its folder is an option of the command"""
    optimisation: Optimisation
    """how the weights are found"""
    augmentation: DetectionAugmentation = DetectionAugmentation()
    """how training images are varied"""
    loss: DenseLoss | None = None
    """loss of the RetinaNet family, its defaults when absent; a peer has its own and takes none"""
    seed: int = 0
    """of the first weights, the order and the augmentation"""


class ClassificationRecipe(_Frozen):
    task: Literal["classification"]
    """which kind of recipe this is"""
    input_size: Positive
    """side of the square input in pixels"""
    crop_context: Annotated[float, Field(ge=1)]
    """crop rule when serving: side relative to the longer side of the box"""
    whole_image_zoom: Annotated[float, Field(gt=0, le=1)]
    """crop rule when serving ready-made crop files: central part of the image that is used"""
    model: ModelChoice
    """the network"""
    data: DataChoice
    """the dataset; its folder is an option of the command"""
    optimisation: Optimisation
    """how the weights are found"""
    augmentation: ClassificationAugmentation = ClassificationAugmentation()
    """how training images are varied"""
    seed: int = 0
    """of the first weights, the order and the augmentation"""


AnyRecipe = DetectionRecipe | ClassificationRecipe


class _RecipeFile(BaseModel):
    recipe: Annotated[AnyRecipe, Field(discriminator="task")]


def load_recipe(path: Path) -> AnyRecipe:
    """Read and check a recipe. Raises RecipeError naming the key, what was found and what was expected."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f"{path}: cannot be read as YAML: {error}") from error
    return parse_recipe(content, str(path))


def parse_recipe(content: object, origin: str) -> AnyRecipe:
    """A recipe from plain values; `origin` names it in the RecipeError."""
    try:
        return _RecipeFile.model_validate({"recipe": content}).recipe
    except ValidationError as error:
        raise RecipeError(f"{origin}: {'; '.join(_explain(problem) for problem in error.errors())}") from error


def _explain(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"][2:])  # after 'recipe' and the task
    found = "" if isinstance(problem["input"], dict) else f", found {problem['input']!r}"
    return f"{key or 'recipe'}: {problem['msg']}{found}"


def recipe_digest(recipe: AnyRecipe) -> str:
    """First twelve hex digits of the SHA-256 of the resolved recipe; part of a run's id."""
    text = json.dumps(recipe.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
