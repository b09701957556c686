"""The classification task: what the training loop needs to know about cells and their classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hemascope.core.boxes import FloatArray
from hemascope.core.metrics.classification import accuracy, confusion_matrix, macro_f1
from hemascope.data.readers import read_cells
from hemascope.data.readers.pbc import with_detected_boxes
from hemascope.data.sample import CellDataset
from hemascope.imaging.crop import serving_crop
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import RgbArray, resize_rgb
from hemascope.models import create_model
from hemascope.training.cell_inputs import CellInputs, collate_cells, read_cell_image
from hemascope.training.engine import TrainingTask
from hemascope.training.normalisation import MEAN, STD, normalise_images
from hemascope.training.recipe import ClassificationRecipe


def classification_task(recipe: ClassificationRecipe, data_root: Path, detections_json: Path | None) -> TrainingTask:
    """Read the data named by the recipe and build the network.

    `detections_json` (`hemascope detect --json` over the same images) gives each cell's box; without it all crops are
    central parts of the images.
    """
    train_set = read_cells(recipe.data.reader, data_root, recipe.data.train_split)
    val_set = read_cells(recipe.data.reader, data_root, recipe.data.val_split)
    if detections_json is not None:
        train_set = with_detected_boxes(train_set, detections_json)
        val_set = with_detected_boxes(val_set, detections_json)
    train_set, val_set = (part.with_first_classes(recipe.data.first_classes) for part in (train_set, val_set))
    torch.manual_seed(recipe.seed)
    classes = len(train_set.classes)
    model = create_model(recipe.model.name, task="classification", num_classes=classes, **recipe.model.options)
    has_boxes = any(sample.box_xyxy is not None for sample in val_set.samples)
    kinds = ("whole", "detected") if has_boxes else ("whole",)
    crops = {kind: serving_crops(val_set, recipe, whole_image=kind == "whole") for kind in kinds}
    labels = val_set.labels()
    smoothing, alpha = recipe.augmentation.label_smoothing, recipe.augmentation.mixup

    def loss(network: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        images, target = normalise_images(batch[0]), functional.one_hot(batch[1], classes).float()
        if alpha > 0:  # mixup (Zhang et al. 2018): the batch blended with itself in another order
            share = torch.distributions.Beta(alpha, alpha).sample().item()  # the epoch's own random numbers
            other = torch.randperm(len(target))
            images = share * images + (1 - share) * images[other]
            target = share * target + (1 - share) * target[other]
        return {"total": functional.cross_entropy(network(images)[0], target, label_smoothing=smoothing)}

    def validate(network: nn.Module) -> dict[str, float]:
        values: dict[str, float] = {}
        for kind, images in crops.items():
            predicted = predict_logits(network, images, recipe.input_size).argmax(axis=1)
            confusion = confusion_matrix(labels, predicted, classes)
            values |= {f"accuracy_{kind}": accuracy(confusion), f"macro_f1_{kind}": macro_f1(confusion)}
        return values

    inputs = CellInputs(train_set, recipe.input_size, recipe.data.cache_px, recipe.augmentation, recipe.seed)
    return TrainingTask(model, train_set.classes, inputs, collate_cells, loss, validate)


def serving_crops(dataset: CellDataset, recipe: ClassificationRecipe, *, whole_image: bool) -> list[RgbArray]:
    """Every cell as serving sees it, at the network's size: the image's centre, or the square around its box."""
    crops = []
    for sample in dataset.samples:
        rgb, box = read_cell_image(sample, recipe.data.cache_px)
        crop = serving_crop(rgb, None if whole_image else box, recipe.crop_context, recipe.whole_image_zoom)
        crops.append(resize_rgb(crop, recipe.input_size, recipe.input_size))
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
