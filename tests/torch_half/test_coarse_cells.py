"""Learning also from cells of other laboratories, whose labels leave several classes open."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from builders import CLASSIFIER_CLASSES
from dataset_builders import classification_recipe, optimisation, write_pbc, write_recipe, write_table, write_txl_pbc
from hemascope.errors import DatasetError, RecipeError
from hemascope.evaluation.classification import evaluate_classifier
from hemascope.export.known_cells import known_features, other_laboratories
from hemascope.inference.classifier import Classifier
from hemascope.service.registry import load_named_bundle
from hemascope.training.cell_loss import candidate_loss
from hemascope.training.cell_parts import read_parts
from hemascope.training.classification import classification_task
from hemascope.training.coarse_cells import LabelledCells, add_coarse_cells, read_check_cells
from hemascope.training.recipe import ClassificationRecipe, load_recipe

WHITE = [name for name in CLASSIFIER_CLASSES if name != "platelet"]
FIELDS = {
    "reader": "txl-pbc",
    "folder": "../fields",
    "split": "train",
    "labels": {"wbc": WHITE, "platelet": ["platelet"]},
}
PICTURES = {"reader": "kaggle-wbc4", "folder": "../pictures", "labels": {"neutrophil": ["band_neutrophil", "monocyte"]}}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """PBC, two fields of each of two sources in two parts, and two pictures of one cell each, side by side."""
    write_txl_pbc(tmp_path / "fields", {"train": [0, 1], "val": [2, 3]})
    write_pbc(tmp_path / "pictures", {"all": 2})
    rows = [(f"images/monocyte/monocyte_all_{i}.png", ("neutrophil", "eosinophil")[i], str(i)) for i in range(2)]
    write_table(tmp_path / "pictures", ("file", "label", "source"), rows)
    return write_pbc(tmp_path / "pbc", {"train": 2, "val": 1})


def write_boxes(data: Path) -> Path:
    cell = {"class": "wbc", "box_xyxy": [14, 10, 58, 54], "score": 0.9}
    files = sorted(file for folder in (data, data.parent / "pictures") for file in folder.rglob("*.png"))
    images = [{"file": str(file), "width": 72, "height": 64, "detections": [cell]} for file in files]
    path = data.parent / "boxes.json"
    path.write_text(json.dumps({"images": images}))
    return path


def recipe_of(folder: Path, *coarse: dict[str, Any], **changes: Any) -> ClassificationRecipe:
    chosen = {"reader": "pbc", "cache_px": 72, "allow_leaks": True, "coarse": list(coarse)}
    content = classification_recipe(data=chosen, optimisation=optimisation(epochs=1, batch_size=8)) | changes
    recipe = load_recipe(write_recipe(folder / "recipe.yaml", content))
    assert isinstance(recipe, ClassificationRecipe)
    return recipe


def added(data: Path, recipe: ClassificationRecipe, boxes: Path | None = None) -> LabelledCells:
    parts = read_parts(recipe.data, data, None)
    return add_coarse_cells(parts.train, parts.val, recipe.data, data, boxes, recipe.seed, None)


def test_boxes_of_fields_become_cells_with_the_classes_they_may_be(data: Path) -> None:
    labelled = added(data, recipe_of(data, FIELDS))
    coarse = [s for s in labelled.cells.samples if s.label.startswith("txl-pbc:")]
    assert {s.label for s in coarse} == {"txl-pbc:wbc", "txl-pbc:platelet"}
    assert len(coarse) == 6  # two fields with two white cells and a platelet each; red cells are left out
    assert all(s.box_xyxy is not None and s.source in ("bccd", "raabin") for s in coarse)
    assert labelled.cells.classes[:11] == read_parts(recipe_of(data).data, data, None).train.classes
    of_label = dict(zip(labelled.cells.classes, labelled.candidates, strict=True))
    names = np.array(labelled.cells.classes[:11])
    assert set(names[of_label["txl-pbc:wbc"]]) == set(WHITE)
    assert list(names[of_label["txl-pbc:platelet"]]) == ["platelet"]
    assert list(names[of_label["monocyte"]]) == ["monocyte"]


def test_sources_and_numbers_can_be_limited(data: Path) -> None:
    only_raabin = added(data, recipe_of(data, FIELDS | {"leave_out": ["bccd"]})).cells.samples
    assert {s.source for s in only_raabin if ":" in s.label} == {"raabin"}
    few = added(data, recipe_of(data, FIELDS | {"at_most": 1})).cells.samples
    assert sorted(s.label for s in few if ":" in s.label) == ["txl-pbc:platelet", "txl-pbc:wbc"]


def test_pictures_are_cut_around_the_boxes_of_the_detector(data: Path) -> None:
    labelled = added(data, recipe_of(data, PICTURES), write_boxes(data))
    (cell,) = [s for s in labelled.cells.samples if ":" in s.label]
    assert (cell.label, cell.path.name) == ("kaggle-wbc4:neutrophil", "monocyte_all_0.png")
    np.testing.assert_array_equal(cell.box_xyxy, [14, 10, 58, 54])


def test_cells_of_the_check_part_are_others(data: Path) -> None:
    recipe = recipe_of(data, FIELDS | {"check_split": "val"})
    trained = {s.path for s in added(data, recipe).cells.samples}
    checked = read_check_cells(recipe.data, data, None)
    assert len(checked) == 6
    assert trained.isdisjoint(s.path for s in checked)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": {"wbc": ["blast"]}}, r"txl-pbc 'wbc' may be \['blast'\]; known: "),
        ({"labels": {"megakaryocyte": ["platelet"]}}, "no cell labelled megakaryocyte"),
        ({"folder": "../nowhere"}, "nowhere"),
        (PICTURES, "the cells of kaggle-wbc4 need --boxes"),
    ],
)
def test_coarse_cells_that_cannot_be_read_are_refused(data: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        added(data, recipe_of(data, FIELDS | change))


def test_pictures_that_are_measured_on_are_refused(data: Path) -> None:
    """The two monocytes of `pictures` look as those of the dataset do."""
    recipe = recipe_of(data, PICTURES)
    parts = read_parts(recipe.data, data, None)
    strict = recipe.data.model_copy(update={"allow_leaks": False})
    with pytest.raises(DatasetError, match="the coarse cells"):
        add_coarse_cells(parts.train, parts.val, strict, data, write_boxes(data), 0, None)


@pytest.mark.parametrize(
    "change",
    [
        {"loss": {"kind": "poly_focal"}},
        {"loss": {"centre_triplet_weight": 0.1}, "augmentation": {"mixup": 0.0}},
        {"loss": {"contrastive_weight": 1.0}, "augmentation": {"mixup": 0.0}},
    ],
)
def test_losses_that_need_one_class_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match="have no whole label"):
        recipe_of(tmp_path, FIELDS, **change)


def test_class_weights_are_refused(tmp_path: Path) -> None:
    weighted = {"reader": "pbc", "cache_px": 72, "coarse": [FIELDS], "balance": {"class_weights": True}}
    with pytest.raises(RecipeError, match="have no one class"):
        load_recipe(write_recipe(tmp_path / "r.yaml", classification_recipe(data=weighted)))


def slow_loss(logits: NDArray[np.float64], may_be: NDArray[np.bool_], smoothing: float) -> float:
    """The definition, cell by cell."""
    losses = []
    for row, own in zip(logits, may_be, strict=True):
        shares = np.exp(row) / np.exp(row).sum()
        losses.append(-(1 - smoothing) * np.log(shares[own].sum()) - smoothing * np.log(shares).mean())
    return float(np.mean(losses))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_candidate_loss_is_its_definition(smoothing: float) -> None:
    rng = np.random.default_rng(0)
    logits, may_be = rng.normal(0, 3, (20, 5)), rng.random((20, 5)) < 0.5
    may_be[:, 0] |= ~may_be.any(axis=1)
    found = candidate_loss(torch.from_numpy(logits), torch.from_numpy(may_be).float(), smoothing).item()
    assert found == pytest.approx(slow_loss(logits, may_be, smoothing), rel=1e-5)


def test_candidate_loss_of_one_class_is_cross_entropy_and_of_all_classes_nothing() -> None:
    logits = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)) * 5
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    one = functional.one_hot(labels, 4).float()
    expected = functional.cross_entropy(logits, labels, label_smoothing=0.05)
    torch.testing.assert_close(candidate_loss(logits, one, 0.05), expected)
    assert candidate_loss(logits, torch.ones(6, 4), 0.0).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("mixup", [0.0, 0.4])
def test_training_learns_from_fine_and_coarse_labels(data: Path, mixup: float) -> None:
    recipe = recipe_of(data, FIELDS, augmentation={"mixup": mixup, "colour": 0.0, "blur": 0.0, "whole_image": 0.0})
    task = classification_task(recipe, data, write_boxes(data))
    assert (len(task.inputs), len(task.classes)) == (22 + 6, 11)
    batch = task.collate([task.inputs[i] for i in (0, 1, 25, 27)])
    assert batch[1].max() >= 11
    loss = task.loss_module(task.model.train(), batch)["total"]
    loss.backward()
    assert torch.isfinite(loss)
    head: Any = task.model.head
    assert head.weight.grad.abs().sum() > 0


def test_known_features_hold_the_other_laboratories(data: Path) -> None:
    recipe = recipe_of(data, FIELDS | {"check_split": "val"})
    classifier = Classifier(load_named_bundle("classifier-light", "classification"))
    parts = read_parts(recipe.data, data, None)
    other = other_laboratories(classifier, parts, recipe, data, None)
    assert other is not None
    assert other.check_features is not None
    assert len(other.features) == len(other.labels) == len(other.check_features) == 6
    platelet = classifier.classes.index("platelet")
    assert sum(other.labels == platelet) == 2  # never a white cell, whatever it looks like
    learned = evaluate_classifier(classifier, parts.train, lambda *_: None)
    alone, together = known_features(learned, None), known_features(learned, other)
    assert alone is not None
    assert together is not None
    assert not np.allclose(alone.means, together.means)
    assert other_laboratories(classifier, parts, recipe_of(data), data, None) is None
