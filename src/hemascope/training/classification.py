"""The classification task: what the training loop needs to know about cells and their classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from hemascope.core.boxes import FloatArray
from hemascope.core.metrics.classification import accuracy, confusion_matrix, macro_f1
from hemascope.data.detected_boxes import with_detected_boxes
from hemascope.data.sample import CellDataset
from hemascope.imaging.crop import serving_crop
from hemascope.imaging.input_steps import apply_steps
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import RgbArray, resize_rgb
from hemascope.models import create_model
from hemascope.training.cell_inputs import CellInputs, collate_cells, read_cell_image
from hemascope.training.cell_loss import CellLoss, feature_size
from hemascope.training.cell_parts import epoch_places, read_parts
from hemascope.training.coarse_cells import LabelledCells, add_coarse_cells
from hemascope.training.engine import TrainingTask
from hemascope.training.normalisation import MEAN, STD
from hemascope.training.recipe import ClassificationRecipe


def classification_task(
    recipe: ClassificationRecipe, data_root: Path, detections_json: Path | None, cache: Path | None = None
) -> TrainingTask:
    """Read the data named by the recipe and build the network.

    `detections_json` (`hemascope detect --json` over the same images) gives each cell's box; without it all crops are
    central parts of the images. `cache` is a file for fingerprints. Raises what `read_parts` and `create_model` raise.
    """
    parts = read_parts(recipe.data, data_root, cache)
    train_set, val_set = parts.train, parts.val
    if detections_json is not None:
        train_set, val_set = (
            with_detected_boxes(part, detections_json, recipe.data.cell_box) for part in (train_set, val_set)
        )
    train_set, val_set = (part.with_first_classes(recipe.data.first_classes) for part in (train_set, val_set))
    torch.manual_seed(recipe.seed)
    classes = len(train_set.classes)
    model = create_model(recipe.model.name, task="classification", num_classes=classes, **recipe.model.options)
    has_boxes = any(sample.box_xyxy is not None for sample in val_set.samples)
    kinds = ("whole", "detected") if has_boxes else ("whole",)
    crops = {kind: serving_crops(val_set, recipe, whole_image=kind == "whole") for kind in kinds}
    labels = val_set.labels()

    def validate(network: nn.Module) -> dict[str, float]:
        values: dict[str, float] = {}
        for kind, images in crops.items():
            predicted = predict_logits(network, images, recipe.input_size).argmax(axis=1)
            confusion = confusion_matrix(labels, predicted, classes)
            values |= {f"accuracy_{kind}": accuracy(confusion), f"macro_f1_{kind}": macro_f1(confusion)}
        return values

    places = epoch_places(train_set.labels(), recipe.data, recipe.seed)
    labelled = LabelledCells(train_set, np.eye(classes, dtype=bool))
    if recipe.data.coarse:
        more = add_coarse_cells(train_set, val_set, recipe.data, data_root, detections_json, recipe.seed, cache)
        places = np.append(places, np.arange(len(train_set.samples), len(more.cells.samples)))
        labelled = more
    inputs = CellInputs(
        labelled.cells,
        recipe.input_size,
        recipe.data.cache_px,
        recipe.augmentation,
        recipe.seed,
        steps=recipe.input_steps,
        places=places,
    )
    counts = np.bincount(inputs.labels[places], minlength=classes)[:classes]
    loss = CellLoss(recipe, counts, feature_size(model, recipe), labelled.candidates)
    return TrainingTask(model, train_set.classes, inputs, collate_cells, loss, validate, loss_module=loss)


def serving_crops(dataset: CellDataset, recipe: ClassificationRecipe, *, whole_image: bool) -> list[RgbArray]:
    """Every cell as serving sees it: the image's centre or the square around its box, at the network's size, after the
    input steps.
    """
    crops = []
    for sample in dataset.samples:
        rgb, box = read_cell_image(sample, recipe.data.cache_px)
        crop = serving_crop(rgb, None if whole_image else box, recipe.crop_context, recipe.whole_image_zoom)
        crops.append(apply_steps(resize_rgb(crop, recipe.input_size, recipe.input_size), recipe.input_steps))
    return crops


@torch.no_grad()
def predict_logits(model: nn.Module, crops: Sequence[RgbArray], size: int, batch_size: int = 64) -> FloatArray:
    """Logits `(n, classes)` of square crops."""
    model.eval()
    device = next(model.parameters()).device
    parts = []
    for start in range(0, len(crops), batch_size):
        part = crops[start : start + batch_size]
        batch = normalise_batch([resize_rgb(crop, size, size) for crop in part], MEAN, STD)
        logits = model(torch.from_numpy(batch).to(device, memory_format=torch.channels_last))[0]
        parts.append(logits.cpu().numpy())
    return np.concatenate(parts)
