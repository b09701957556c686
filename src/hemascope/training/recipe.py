"""A training recipe: one reviewed YAML file a published result. Unknown keys raise."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.errors import RecipeError

Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelChoice(_Frozen):
    name: str  # a registry name, see hemascope.models
    options: dict[str, Any] = {}  # keyword arguments of its builder


class DataChoice(_Frozen):
    reader: str  # a reader of hemascope.data.readers
    train_split: str = "train"
    val_split: str = "val"
    cache_px: Positive  # images are kept in memory with this longest side


class Optimisation(_Frozen):
    """AdamW, linear warm-up, cosine decay to `final_lr_factor`; an exponential moving average is what is kept."""

    epochs: Positive
    batch_size: Positive
    lr: Annotated[float, Field(gt=0)]
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    warmup_steps: Annotated[int, Field(ge=0)] = 200
    final_lr_factor: Fraction = 0.01
    clip_norm: Annotated[float, Field(gt=0)] = 10.0
    ema_decay: Fraction = 0.999
    validate_every: Positive = 5  # epochs


class DetectionAugmentation(_Frozen):
    mosaic: Fraction = 0.5  # share of samples made of four fields
    scale: tuple[float, float] = (0.6, 1.4)  # size of the field relative to the input's longest side
    colour: Annotated[float, Field(ge=0)] = 1.0  # 0 switches colour changes off
    blur: Fraction = 0.1  # share of samples blurred a little


class ClassificationAugmentation(_Frozen):
    context: tuple[float, float] = (1.2, 2.0)  # side of the crop relative to the box, where the box is known
    zoom: tuple[float, float] = (0.6, 1.0)  # side of the central crop relative to the image, where it is not
    whole_image: Fraction = 0.5  # share of samples cut without looking at the box
    shift: Fraction = 0.06  # largest shift of the crop's centre relative to its side
    rotation: bool = True  # any angle, besides the eight turns and mirrors
    colour: Annotated[float, Field(ge=0)] = 1.0
    blur: Fraction = 0.1
    mixup: Annotated[float, Field(ge=0)] = 0.0  # alpha of the Beta distribution; 0 switches it off
    label_smoothing: Fraction = 0.1


class DetectionRecipe(_Frozen):
    task: Literal["detection"]
    input_size: Positive  # side of the square training input
    eval_size: Positive  # longest side of the letterbox when validating and serving
    model: ModelChoice
    data: DataChoice
    optimisation: Optimisation
    augmentation: DetectionAugmentation = DetectionAugmentation()
    atss_candidates: Positive = 9  # anchors a level that compete for a box
    box_weight: float = 2.0  # GIoU
    iou_weight: float = 1.0  # IoU branch
    seed: int = 0


class ClassificationRecipe(_Frozen):
    task: Literal["classification"]
    input_size: Positive  # side of the square input
    crop_context: Annotated[float, Field(ge=1)]  # crop rule when serving: side / longer side of the box
    whole_image_zoom: Fraction  # central part of a ready-made crop file that is used
    model: ModelChoice
    data: DataChoice
    optimisation: Optimisation
    augmentation: ClassificationAugmentation = ClassificationAugmentation()
    seed: int = 0


Recipe = Annotated[DetectionRecipe | ClassificationRecipe, Field(discriminator="task")]


class _RecipeFile(BaseModel):
    recipe: Recipe


def load_recipe(path: Path) -> DetectionRecipe | ClassificationRecipe:
    """Read and check a recipe. Raises RecipeError naming the key, what was found and what was expected."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f"{path}: cannot be read as YAML: {error}") from error
    try:
        return _RecipeFile(recipe=content).recipe
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'][1:]) or 'recipe'}: {problem['msg']}"
            for problem in error.errors()
        )
        raise RecipeError(f"{path}: {problems}") from error


def recipe_digest(recipe: DetectionRecipe | ClassificationRecipe) -> str:
    """First twelve hex digits of the SHA-256 of the resolved recipe; part of a run's id."""
    text = json.dumps(recipe.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
