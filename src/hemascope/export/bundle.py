"""A finished run -> a model bundle: network, manifest, card."""

import hashlib
import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from hemascope.core.feature_distribution import FeatureDistribution
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
from hemascope.inference.feature_file import FEATURE_FILE, feature_bytes
from hemascope.models import PRETRAINED, create_model
from hemascope.training.checkpoint import FILE_NAME, checkpoint_recipe, load_checkpoint, run_id
from hemascope.training.normalisation import MEAN, STD
from hemascope.training.recipe import AnyRecipe


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """The averaged weights of a run, in eval mode, with the recipe that made them."""

    run_id: str
    recipe: AnyRecipe
    classes: tuple[str, ...]
    model: nn.Module
    epochs: int
    training_s: float


def load_run(folder: Path) -> FinishedRun:
    """Reads the checkpoint alone: it holds the recipe too. Raises ModelError or RecipeError where it cannot be used."""
    path = folder / FILE_NAME
    saved = load_checkpoint(path)
    recipe = checkpoint_recipe(saved, path)
    options = network_options(recipe)
    model = create_model(recipe.model.name, task=recipe.task, num_classes=len(saved.classes), **options)
    try:
        model.load_state_dict(saved.average)
    except RuntimeError as error:
        raise ModelError(f"{path}: the weights do not fit the network of their recipe: {error}") from error
    return FinishedRun(run_id(folder, recipe, saved), recipe, saved.classes, model.eval(), saved.epoch, saved.seconds)


def network_options(recipe: AnyRecipe) -> dict[str, Any]:
    """What the network is built with again: all options but the one that would fetch weights."""
    return {name: value for name, value in recipe.model.options.items() if name != PRETRAINED}


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
    known: FeatureDistribution | None = None,
) -> ModelManifest:
    """Put network, manifest, card and the features of `known` cells into `folder` (made if need be).

    `validation` says on which images `metrics` were measured; those that are NaN are left out. Raises OutputError when
    it cannot be written.
    """
    recipe = run.recipe
    size = recipe.eval_size if recipe.task == "detection" else recipe.input_size
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / "model.onnx"
        shutil.copyfile(onnx_path, target)
        if known is not None:
            (folder / FEATURE_FILE).write_bytes(feature_bytes(known))
        manifest = ModelManifest(
            schema=SCHEMA,
            name=identity.name,
            version=identity.version,
            task=recipe.task,
            architecture=recipe.model.name,
            architecture_options=network_options(recipe),
            onnx_file=target.name,
            onnx_sha256=hashlib.sha256(target.read_bytes()).hexdigest(),
            opset=OPSET,
            classes=run.classes,
            preprocessing=Preprocessing(
                input_size=size,
                stride=getattr(run.model, "stride", 1),
                mean=MEAN,
                std=STD,
                steps=recipe.input_steps if recipe.task == "classification" else (),
            ),
            detection=settings if isinstance(settings, DetectionSettings) else None,
            classification=settings if isinstance(settings, ClassificationSettings) else None,
            licence=identity.licence,
            data=identity.data,
            training_run=run.run_id,
            metrics={name: round(value, 4) for name, value in metrics.items() if not math.isnan(value)},
        )
        text = manifest.model_dump_json(by_alias=True, indent=2, exclude_none=True)
        (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
        (folder / "MODEL_CARD.md").write_text(render_card(identity, manifest, validation), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write the bundle to {folder}: {error}") from error
    return manifest
