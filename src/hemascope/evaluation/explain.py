"""A trained network explained on pictures of single cells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.evaluation.embedding_pictures import LEAST_CELLS, MOST_CELLS, draw_embedding, embed
from hemascope.evaluation.explanation_pictures import draw_heads, draw_heat
from hemascope.evaluation.explanations import AttentiveNetwork, grad_cam, head_maps
from hemascope.evaluation.tables import write_records, writing
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import RgbArray
from hemascope.training.normalisation import MEAN, STD

_BATCH = 16


@dataclass(frozen=True, slots=True)
class Picture:
    """A crop as the network sees it `(side, side, 3)`; `name` is that of its files, `label` its true class if known."""

    name: str
    crop: RgbArray
    label: str | None


@dataclass(frozen=True, slots=True)
class ExplainedCell:
    """A row of `cells.csv`; the probability is the network's own, not calibrated."""

    name: str
    label: str
    class_id: str
    probability: float


def explain_network(
    network: nn.Module,
    classes: Sequence[str],
    pictures: Sequence[Picture],
    out: Path,
    on_picture: Callable[[Picture], None] = lambda _picture: None,
) -> None:
    """`looks/NAME.png` of every picture, `cells.csv`, and for enough of them `map.png`: t-SNE of pixels and features.

    A network that attends shows each head with the patch it selected, any other one Grad-CAM of the class it names.
    Raises ModelError for a network that can show neither, OutputError where `out` cannot be written.
    """
    rows, features = [], []
    looks = out / "looks"
    with writing(looks):
        for start in range(0, len(pictures), _BATCH):
            batch = pictures[start : start + _BATCH]
            images = torch.from_numpy(normalise_batch([p.crop for p in batch], MEAN, STD))
            with torch.no_grad():
                logits, found = network.eval()(images)
            features.append(found.numpy())
            best = logits.argmax(dim=1)
            sure = logits.softmax(dim=1).amax(dim=1).tolist()
            titles = [f"{classes[i].replace('_', ' ')} {p:.2f}" for i, p in zip(best.tolist(), sure, strict=True)]
            _draw(network, images, best, batch, titles, looks)
            for picture, index, probability in zip(batch, best.tolist(), sure, strict=True):
                rows.append(ExplainedCell(picture.name, picture.label or "", classes[index], probability))
                on_picture(picture)
        write_records(out / "cells.csv", ExplainedCell, rows)
        if len(pictures) >= LEAST_CELLS:
            _draw_map(pictures, np.concatenate(features), rows, classes, out / "map.png")


def _draw(
    network: nn.Module, images: Tensor, best: Tensor, batch: Sequence[Picture], titles: Sequence[str], out: Path
) -> None:
    if isinstance(network, AttentiveNetwork):
        heads, selected = (part.numpy() for part in head_maps(network, images))
        for i, (picture, title) in enumerate(zip(batch, titles, strict=True)):
            draw_heads(picture.crop, heads[i], selected[i], title, out / f"{picture.name}.png")
        return
    heat: FloatArray = grad_cam(network, images, best).numpy()
    for picture, title, one in zip(batch, titles, heat, strict=True):
        draw_heat(picture.crop, one, title, out / f"{picture.name}.png")


def _draw_map(
    pictures: Sequence[Picture], features: FloatArray, rows: Sequence[ExplainedCell], classes: Sequence[str], path: Path
) -> None:
    chosen: IntArray = np.random.default_rng(0).permutation(len(pictures))[:MOST_CELLS]
    pixels = np.stack([pictures[i].crop.ravel() for i in chosen]).astype(np.float32)
    labels = [rows[i].label or rows[i].class_id for i in chosen]
    is_right = np.array([rows[i].class_id == label for i, label in zip(chosen, labels, strict=True)])
    places = [("pixels", embed(pixels)), ("features", embed(features[chosen]))]
    draw_embedding(places, labels, classes, is_right, path)
