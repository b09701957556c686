"""The detection task: what the training loop needs to know about fields and boxes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from hemascope.core.detections import Detections
from hemascope.core.metrics.average_precision import GroundTruth, match_class, mean_over_classes
from hemascope.core.suppression import BoxVoting, select_detections
from hemascope.data.readers import read_fields
from hemascope.data.sample import FieldDataset
from hemascope.errors import RecipeError
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import Letterbox, RgbArray
from hemascope.models import create_model
from hemascope.models.detectors.retinanet import RetinaNet
from hemascope.models.targets import FieldTarget
from hemascope.training.assignment import create_assigner
from hemascope.training.cell_parts import check_leaks
from hemascope.training.engine import TrainingTask
from hemascope.training.field_inputs import CachedField, FieldInputs, cache_fields, collate
from hemascope.training.losses.detection import DetectionLoss
from hemascope.training.normalisation import MEAN, STD, normalise_images
from hemascope.training.painted import paint_training_fields
from hemascope.training.recipe import DenseLoss, DetectionRecipe


def detection_task(recipe: DetectionRecipe, data_root: Path, cache: Path | None = None) -> TrainingTask:
    """Read the data named by the recipe and build the network; `cache` is a file for fingerprints.

    Raises RecipeError, DatasetError or ModelError where recipe, data and network do not fit, DatasetError for a leak.
    """
    names = recipe.data.train_split, recipe.data.val_split
    train_set, val_set = (_read(recipe, data_root, split) for split in names)
    if not recipe.data.allow_leaks:
        check_leaks(train_set.samples, val_set.samples, names, cache)
    val_fields = cache_fields(val_set, recipe.data.cache_px)
    torch.manual_seed(recipe.seed)
    model = create_model(
        recipe.model.name, task="detection", num_classes=len(train_set.classes), **recipe.model.options
    )
    stride: int = model.stride  # type: ignore[assignment]  # every detector has one
    if recipe.input_size % stride:
        raise RecipeError(f"input_size is {recipe.input_size}: '{recipe.model.name}' needs a multiple of {stride}")
    criterion = _dense_loss(model, recipe)

    def loss(network: nn.Module, batch: tuple[Tensor, list[FieldTarget]]) -> dict[str, Tensor]:
        images, targets = normalise_images(batch[0]), batch[1]
        if criterion is None:
            return network.training_loss(images, targets)  # type: ignore[operator,no-any-return]  # every peer has it
        return criterion(network(images), targets)

    def validate(network: nn.Module) -> dict[str, float]:
        predictions = predict_fields(network, [f.rgb for f in val_fields], recipe.eval_size)
        return score_fields(predictions, val_fields, val_set.classes)

    train_fields = cache_fields(_thinned(train_set, recipe.data.train_fields), recipe.data.cache_px)
    train_fields += paint_training_fields(
        recipe.data.painted_fields, recipe.seed, recipe.data.cache_px, train_set.classes
    )
    inputs = FieldInputs(train_fields, recipe.input_size, recipe.augmentation, recipe.seed)
    return TrainingTask(model, train_set.classes, inputs, collate, loss, validate)


def _read(recipe: DetectionRecipe, data_root: Path, split: str) -> FieldDataset:
    dataset = read_fields(recipe.data.reader, data_root, split)
    return dataset if recipe.data.classes is None else dataset.keep_classes(recipe.data.classes)


def _thinned(dataset: FieldDataset, count: int | None) -> FieldDataset:
    if count is None:
        return dataset
    if count > len(dataset.samples):
        raise RecipeError(f"data.train_fields is {count}: the training part has {len(dataset.samples)} images")
    chosen = np.linspace(0, len(dataset.samples) - 1, count).round().astype(int)
    return replace(dataset, samples=tuple(dataset.samples[i] for i in chosen))


def _dense_loss(model: nn.Module, recipe: DetectionRecipe) -> DetectionLoss | None:
    """The loss of the RetinaNet family; None for a network that brings its own."""
    if isinstance(model, RetinaNet):
        chosen = recipe.loss or DenseLoss()
        return DetectionLoss(create_assigner(chosen.assignment), chosen.box, chosen.box_weight, chosen.iou_weight)
    if recipe.loss is not None:
        raise RecipeError(f"loss: '{recipe.model.name}' brings its own loss; take `loss` out of the recipe")
    return None


@torch.no_grad()
def predict_fields(
    model: nn.Module,
    images: Sequence[RgbArray],
    longest_side: int,
    *,
    score_threshold: float = 0.05,
) -> list[Detections]:
    """Detections of each image in its own pixels, one at a time as serving does."""
    model.eval()
    device = next(model.parameters()).device
    stride: int = model.stride  # type: ignore[assignment]  # every detector has one
    found = []
    for rgb in images:
        box = Letterbox.plan(rgb.shape[1], rgb.shape[0], longest_side, stride)
        batch = torch.from_numpy(normalise_batch([box.apply(rgb)], MEAN, STD))
        boxes, scores = model.predict(batch.to(device, memory_format=torch.channels_last))  # type: ignore[operator]
        selected = select_detections(
            boxes[0].cpu().numpy(),
            scores[0].cpu().numpy(),
            thresholds=np.full(scores.shape[-1], score_threshold, np.float32),
            nms_iou=0.5 if model.needs_nms else 1.0,
            max_candidates=1000,
            max_detections=300,
            box_voting=BoxVoting(),
        )
        found.append(Detections(box.boxes_to_image(selected.boxes_xyxy), selected.scores, selected.class_ids))
    return found


def score_fields(
    predictions: Sequence[Detections], fields: Sequence[CachedField], classes: tuple[str, ...]
) -> dict[str, float]:
    """AP50 and AP75 a class and their mean over the classes that occur; truth in the pixels of the predictions."""
    truths = [GroundTruth(f.boxes_xyxy, f.class_ids) for f in fields]
    values = {}
    for i, name in enumerate(classes):
        matches = match_class(predictions, truths, i, (0.5, 0.75))
        values[f"ap50_{name}"] = matches.average_precision(0.5)
        values[f"ap75_{name}"] = matches.average_precision(0.75)
    for metric in ("ap50", "ap75"):
        values[metric] = mean_over_classes([values[f"{metric}_{name}"] for name in classes])
    return values
