"""A finished run -> a model bundle: network, manifest, card."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from hemascope.core.manifest import (
    SCHEMA,
    ClassificationSettings,
    DetectionSettings,
    ModelManifest,
    Preprocessing,
)
from hemascope.errors import ModelError, OutputError
from hemascope.export.card import BundleIdentity, render_card
from hemascope.export.to_onnx import OPSET, export_classifier, export_detector
from hemascope.models import create_model
from hemascope.training.checkpoint import FILE_NAME, load_checkpoint
from hemascope.training.detection import MEAN, STD
from hemascope.training.recipe import ClassificationRecipe, DetectionRecipe, load_recipe, recipe_digest


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """The averaged weights of a run, in eval mode, with the recipe that made them."""

    folder: Path
    recipe: DetectionRecipe | ClassificationRecipe
    classes: tuple[str, ...]
    model: nn.Module
    epochs: int

    @property
    def run_id(self) -> str:
        return f"{self.folder.name}-seed{self.recipe.seed}-{recipe_digest(self.recipe)}-epoch{self.epochs}"


def load_run(folder: Path) -> FinishedRun:
    """Raises ModelError when the folder holds no run, or one whose checkpoint and recipe disagree."""
    saved = load_checkpoint(folder / FILE_NAME)
    recipe = load_recipe(folder / "recipe.yaml")
    model = create_model(recipe.model.name, task=recipe.task, num_classes=len(saved.classes), **recipe.model.options)
    try:
        model.load_state_dict(saved.average)
    except RuntimeError as error:
        raise ModelError(f"{folder}: the checkpoint does not fit the network of recipe.yaml: {error}") from error
    return FinishedRun(folder, recipe, saved.classes, model.eval(), saved.epoch)


def write_onnx(run: FinishedRun, path: Path) -> None:
    """The network alone, in fp32."""
    if run.recipe.task == "detection":
        export_detector(run.model, path, example_size=run.recipe.eval_size)
    else:
        export_classifier(run.model, path, input_size=run.recipe.input_size)


def write_bundle(
    run: FinishedRun,
    onnx_path: Path,
    folder: Path,
    identity: BundleIdentity,
    settings: DetectionSettings | ClassificationSettings,
    metrics: dict[str, float],
    validation: str,
) -> ModelManifest:
    """Put network, manifest and card into `folder` (made if need be). Raises OutputError when it cannot be written."""
    recipe = run.recipe
    size = recipe.eval_size if recipe.task == "detection" else recipe.input_size
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / "model.onnx"
        shutil.copyfile(onnx_path, target)
        manifest = ModelManifest(
            schema=SCHEMA,
            name=identity.name,
            version=identity.version,
            task=recipe.task,
            architecture=recipe.model.name,
            onnx_file=target.name,
            onnx_sha256=hashlib.sha256(target.read_bytes()).hexdigest(),
            opset=OPSET,
            classes=run.classes,
            preprocessing=Preprocessing(input_size=size, stride=getattr(run.model, "stride", 1), mean=MEAN, std=STD),
            detection=settings if isinstance(settings, DetectionSettings) else None,
            classification=settings if isinstance(settings, ClassificationSettings) else None,
            licence=identity.licence,
            data=identity.data,
            training_run=run.run_id,
            metrics={name: round(value, 4) for name, value in metrics.items()},
        )
        text = manifest.model_dump_json(by_alias=True, indent=2, exclude_none=True)
        (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
        (folder / "MODEL_CARD.md").write_text(render_card(identity, manifest, validation), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write the bundle to {folder}: {error}") from error
    return manifest
