"""Fine-tuning a bundle or a run with a version of exported labels."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from builders import CLASSIFIER_CLASSES
from dataset_builders import write_labelled_fields
from hemascope.data.readers import read_cells
from hemascope.errors import DatasetError, ModelError
from hemascope.export.bundle import load_run
from hemascope.export.continued import FineTuning, Origin, continue_training, origin_of_bundle, origin_of_run
from hemascope.inference.bundle import load_bundle
from hemascope.service.label_export import ExportOptions, export_labels
from hemascope.training.checkpoint import FILE_NAME, load_checkpoint
from hemascope.training.classification import predict_logits, serving_crops
from hemascope.training.recipe import ClassificationRecipe
from torch_half.test_commands import call, refusal, rows

KNOWN = ("basophil", "monocyte", "platelet")


def quiet(_stage: str, _done: int, _all: int) -> None:
    pass


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five fields a part with three cells that the tiny classifier knows and one that it does not."""
    root = tmp_path_factory.mktemp("cells")
    labels = write_labelled_fields(root / "labels", ("basophil", "monocyte", "lymphocyte", "blast"), 10)
    return export_labels(labels, root / "dataset", ExportOptions("crops", "tester", {"train": 0.5, "val": 0.5}))[0]


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fields")
    labels = write_labelled_fields(root / "labels", ("basophil", "red_cell", "monocyte"), 8)
    halves = {"train": 0.5, "val": 0.5}
    options = ExportOptions("fields", "tester", halves, looked_for=("wbc", "rbc", "platelet"))
    return export_labels(labels, root / "dataset", options)[0]


def right_names(run: Path, version: Path) -> dict[str, float]:
    """Share of each class that the run names rightly on the measured part."""
    finished = load_run(run)
    assert isinstance(finished.recipe, ClassificationRecipe)
    dataset = read_cells("annotated", version, "val").with_first_classes(finished.classes)
    crops = serving_crops(dataset, finished.recipe, whole_image=False)
    named = predict_logits(finished.model, crops, finished.recipe.input_size).argmax(axis=1)
    truth = dataset.labels()
    return {dataset.classes[c]: float((named[truth == c] == c).mean()) for c in np.unique(truth)}


def test_bundle_goes_on_and_learns_a_class_without_forgetting(
    classifier_bundle: Path, cells: Path, tmp_path: Path
) -> None:
    origin = origin_of_bundle(load_bundle(classifier_bundle))
    continue_training(origin, cells, tmp_path / "run", FineTuning(epochs=8, lr=2e-3, batch_size=10), quiet)
    saved = load_checkpoint(tmp_path / "run" / FILE_NAME)
    assert saved.classes == (*origin.classes, "blast")
    assert str(saved.initial_run).startswith("tiny-classifier-0.1.0-")
    assert right_names(tmp_path / "run", cells) == dict.fromkeys(("basophil", "monocyte", "lymphocyte", "blast"), 1.0)


def test_without_a_step_the_continued_network_is_the_old_one(
    classifier_bundle: Path, cells: Path, tmp_path: Path
) -> None:
    origin = origin_of_bundle(load_bundle(classifier_bundle))
    batch = torch.rand(4, 3, 48, 48, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before = origin.model(batch)[0].numpy()
    continue_training(origin, cells, tmp_path / "run", FineTuning(epochs=1, lr=1e-12), quiet)
    with torch.no_grad():
        after = load_run(tmp_path / "run").model(batch)[0].numpy()
    assert np.abs(after[:, : len(CLASSIFIER_CLASSES)] - before).max() < 0.25 * np.abs(before).max()
    assert (after[:, : len(CLASSIFIER_CLASSES)].argmax(1) == before.argmax(1)).all()


def test_detector_goes_on_with_the_classes_it_had(detector_bundle: Path, fields: Path, tmp_path: Path) -> None:
    call("train", "--continue", detector_bundle, "--data", fields, "--out", tmp_path / "run", "--epochs", "1")
    saved = load_checkpoint(tmp_path / "run" / FILE_NAME)
    assert saved.classes == ("wbc", "rbc", "platelet")
    recipe = yaml.safe_load((tmp_path / "run" / "recipe.yaml").read_text())
    assert (recipe["data"]["reader"], recipe["optimisation"]["epochs"]) == ("annotated", 1)


def test_labels_without_a_class_that_the_detector_finds_are_refused(detector_bundle: Path, tmp_path: Path) -> None:
    labels = write_labelled_fields(tmp_path / "labels", ("basophil", "monocyte"), 4)
    options = ExportOptions("fields", "tester", {"train": 0.5, "val": 0.5})
    version, _ = export_labels(labels, tmp_path / "dataset", options)
    found = refusal("train", "--continue", detector_bundle, "--data", version, "--out", tmp_path / "run")
    assert isinstance(found, DatasetError)
    assert "has no rbc, platelet" in str(found)


def test_run_goes_on_too_with_its_own_recipe(classifier_run: Path, cells: Path, tmp_path: Path) -> None:
    train = ("train", "--continue", classifier_run, "--data", cells, "--out", tmp_path / "run", "--epochs", "1")
    call(*train)
    assert rows(tmp_path / "run" / "metrics.csv")[-1]["accuracy_detected"]
    assert str(load_checkpoint(tmp_path / "run" / FILE_NAME).initial_run).startswith("classifier-seed0-")
    call(*train, "--resume")


def test_network_of_another_shape_is_refused(classifier_run: Path, cells: Path, tmp_path: Path) -> None:
    origin = origin_of_run(classifier_run)
    wider = {**origin.recipe, "model": {"name": "resnet_light", "options": {"width": 16, "blocks": [1, 1, 1, 1]}}}
    wrong = Origin(origin.id, origin.model, origin.classes, False, wider)
    with pytest.raises(ModelError, match="does not fit"):
        continue_training(wrong, cells, tmp_path / "run", FineTuning(), quiet)


def test_touched_version_is_not_trained_on(classifier_bundle: Path, tmp_path: Path) -> None:
    labels = write_labelled_fields(tmp_path / "labels", KNOWN, 4)
    options = ExportOptions("crops", "tester", {"train": 0.5, "val": 0.5})
    version, _ = export_labels(labels, tmp_path / "dataset", options)
    next((version / "images").iterdir()).unlink()
    found = refusal("train", "--continue", f"{classifier_bundle}", "--data", version, "--out", tmp_path / "run")
    assert isinstance(found, DatasetError)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "options", [(), ("recipe.yaml", "--continue", "classifier-light"), ("recipe.yaml", "--epochs", "3"),
                ("--continue", "classifier-light", "--init", "run")],
    ids=["neither", "both", "epochs of a recipe", "two origins"],
)  # fmt: skip
def test_wrong_use_is_explained(options: tuple[str, ...], tmp_path: Path) -> None:
    assert isinstance(refusal("train", *options, "--data", tmp_path, "--out", tmp_path / "run"), SystemExit)
