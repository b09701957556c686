"""A training recipe: one reviewed YAML file a published result. Unknown keys raise.

The line below a field is its description in docs/training.md, see `recipe_tables.py`.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from hemascope.core.manifest import InputStep
from hemascope.errors import RecipeError
from hemascope.training.recipe.classification import ClassificationAugmentation, ClassificationLoss
from hemascope.training.recipe.data import Balance, CellData, CoarseCells, DataChoice, FieldData, ModelChoice
from hemascope.training.recipe.detection import (
    Assignment,
    AtssAssignment,
    DenseLoss,
    DetectionAugmentation,
    MaxIouAssignment,
    OtaAssignment,
    PaaAssignment,
)
from hemascope.training.recipe.optimisation import Optimisation
from hemascope.training.recipe.values import Frozen, Positive

__all__ = [
    "AnyRecipe",
    "Assignment",
    "AtssAssignment",
    "Balance",
    "CellData",
    "ClassificationAugmentation",
    "ClassificationLoss",
    "ClassificationRecipe",
    "CoarseCells",
    "DataChoice",
    "DenseLoss",
    "DetectionAugmentation",
    "DetectionRecipe",
    "FieldData",
    "MaxIouAssignment",
    "ModelChoice",
    "Optimisation",
    "OtaAssignment",
    "PaaAssignment",
    "load_recipe",
    "parse_recipe",
    "recipe_digest",
]


class DetectionRecipe(Frozen):
    task: Literal["detection"]
    """which kind of recipe this is"""
    input_size: Positive
    """side of the square training input in pixels, a multiple of the network's stride"""
    eval_size: Positive
    """longest side of the letterbox in pixels when validating and serving"""
    model: ModelChoice
    """the network"""
    data: FieldData
    """the dataset; its folder is an option of the command"""
    optimisation: Optimisation
    """how the weights are found"""
    augmentation: DetectionAugmentation = DetectionAugmentation()
    """how training images are varied"""
    loss: DenseLoss | None = None
    """loss of the RetinaNet family, its defaults when absent; a peer has its own and takes none"""
    seed: int = 0
    """of the first weights, the order and the augmentation"""


class ClassificationRecipe(Frozen):
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
    data: CellData
    """the dataset; its folder is an option of the command"""
    optimisation: Optimisation
    """how the weights are found"""
    augmentation: ClassificationAugmentation = ClassificationAugmentation()
    """how training images are varied"""
    input_steps: tuple[InputStep, ...] = ()
    """what is done to a crop before the network, in training and serving alike, in this order"""
    loss: ClassificationLoss = ClassificationLoss()
    """what is made small"""
    seed: int = 0
    """of the first weights, the order and the augmentation"""

    @model_validator(mode="after")
    def _targets_fit_the_loss(self) -> Self:
        mixup = self.augmentation.mixup
        if mixup > 0 and (self.loss.contrastive_weight > 0 or self.loss.centre_triplet_weight > 0):
            raise ValueError(f"augmentation.mixup is {mixup}: losses of the features need whole labels, so take 0")
        if self.data.coarse and not self.loss.is_of_logits_alone:
            raise ValueError("data.coarse: such cells have no whole label; take loss.kind cross_entropy alone")
        if self.data.coarse and self.data.balance.class_weights:
            raise ValueError("data.coarse: such cells have no one class; take data.balance.class_weights out")
        return self


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
    """First twelve hex digits of the SHA-256 of what the recipe says beyond the defaults; part of a run's id.

    Defaults are left out so that a field that is added later leaves the names of earlier runs as they are.
    """
    text = json.dumps(recipe.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
