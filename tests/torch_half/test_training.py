import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dataset_builders import (
    classification_recipe,
    detection_recipe,
    optimisation,
    write_pbc,
    write_recipe,
    write_txl_pbc,
)
from hemascope.errors import ModelError, OutputError, RecipeError
from hemascope.export.bundle import load_run
from hemascope.models import create_model
from hemascope.training.checkpoint import FILE_NAME, load_checkpoint, run_id
from hemascope.training.classification import classification_task
from hemascope.training.detection import detection_task
from hemascope.training.engine import TrainingTask, train
from hemascope.training.initial_weights import load_initial_backbone
from hemascope.training.recipe import AnyRecipe, ClassificationRecipe, DetectionRecipe, Optimisation, parse_recipe
from hemascope.training.run import run_recipe
from hemascope.training.schedule import WeightAverage, lr_factor

CLASSES = ("round", "square")


class Numbers:
    """Ten inputs `(4,)` that depend on the epoch."""

    epoch = 0

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Tensor:
        return torch.full((4,), float(index + self.epoch))


def tiny_task(loss: Callable[[Tensor], Tensor] = lambda out: (out - 1).square().mean()) -> TrainingTask:
    """A linear network with dropout: a random number a step."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 2), nn.Dropout(0.5))
    return TrainingTask(
        model,
        CLASSES,
        Numbers(),
        torch.stack,
        lambda network, batch: {"total": loss(network(batch / 10))},
        lambda network: {"score": float(network(torch.ones(1, 4)).sum())},
    )


def recipe_with(**changes: Any) -> AnyRecipe:
    return parse_recipe(classification_recipe(optimisation=optimisation(**changes)), "test")


def run(task: TrainingTask, recipe: AnyRecipe, folder: Path, **settings: Any) -> Path:
    folder.mkdir(exist_ok=True)
    train(task, recipe, folder, **({"resume": False, "progress": lambda *_: None} | settings))
    return folder


def assert_same_run(first: Path, second: Path) -> None:
    a, b = load_checkpoint(first / FILE_NAME), load_checkpoint(second / FILE_NAME)
    assert (a.epoch, a.step, a.average_updates) == (b.epoch, b.step, b.average_updates)
    for weights, others in ((a.model, b.model), (a.average, b.average)):
        assert weights.keys() == others.keys()
        assert [name for name in weights if not torch.equal(weights[name], others[name])] == []
    assert without_seconds(first) == without_seconds(second)


def without_seconds(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as stream:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(stream)]


def test_resumed_run_ends_bit_for_bit_as_the_uninterrupted_one(tmp_path: Path) -> None:
    recipe = recipe_with(epochs=3)
    whole = run(tiny_task(), recipe, tmp_path / "whole")
    parts = run(tiny_task(), recipe, tmp_path / "parts", stop_after_epochs=1)
    assert load_checkpoint(parts / FILE_NAME).epoch == 1
    run(tiny_task(), recipe, parts, resume=True)
    assert_same_run(whole, parts)


def detection(tmp_path: Path) -> tuple[DetectionRecipe, Callable[[], TrainingTask]]:
    root = write_txl_pbc(tmp_path / "data", {"train": [0, 1, 2], "val": [3]})
    content = detection_recipe(
        input_size=64, optimisation=optimisation(epochs=2), augmentation={"mosaic": 0.5, "colour": 1.0, "blur": 0.5}
    )
    recipe = parse_recipe(content, "test")
    assert isinstance(recipe, DetectionRecipe)
    return recipe, lambda: detection_task(recipe, root)


def classification(tmp_path: Path) -> tuple[ClassificationRecipe, Callable[[], TrainingTask]]:
    root = write_pbc(tmp_path / "data", {"train": 1, "val": 1})
    recipe = parse_recipe(classification_recipe(optimisation=optimisation(epochs=2, batch_size=5)), "test")
    assert isinstance(recipe, ClassificationRecipe)
    return recipe, lambda: classification_task(recipe, root, None)


@pytest.mark.parametrize("kind", [detection, classification], ids=["detection", "classification"])
def test_resumed_task_ends_bit_for_bit_as_the_uninterrupted_one(
    tmp_path: Path, kind: Callable[[Path], tuple[AnyRecipe, Callable[[], TrainingTask]]]
) -> None:
    recipe, make_task = kind(tmp_path)
    whole = run(make_task(), recipe, tmp_path / "whole")
    parts = run(make_task(), recipe, tmp_path / "parts", stop_after_epochs=1)
    run(make_task(), recipe, parts, resume=True)
    assert_same_run(whole, parts)


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    first = run(tiny_task(), recipe_with(epochs=1), tmp_path / "a")
    other = parse_recipe(classification_recipe(optimisation=optimisation(epochs=1), seed=1), "test")
    second = run(tiny_task(), other, tmp_path / "b")
    a, b = (load_checkpoint(folder / FILE_NAME).model for folder in (first, second))
    assert not all(torch.equal(a[name], b[name]) for name in a)


def test_finished_run_is_left_as_it_is_when_resumed(tmp_path: Path) -> None:
    folder = run(tiny_task(), recipe_with(epochs=1), tmp_path / "run")
    before = (folder / FILE_NAME).read_bytes(), (folder / "metrics.csv").read_bytes()
    run(tiny_task(), recipe_with(epochs=1), folder, resume=True)
    assert ((folder / FILE_NAME).read_bytes(), (folder / "metrics.csv").read_bytes()) == before


def test_run_folder_holds_what_the_page_promises(tmp_path: Path) -> None:
    folder = run(tiny_task(), recipe_with(epochs=3, validate_every=2), tmp_path / "run")
    assert sorted(path.name for path in folder.iterdir()) == [
        "curves.png", "last.pt", "machine.yaml", "metrics.csv", "recipe.yaml"
    ]  # fmt: skip
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    with (folder / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [bool(row["score"]) for row in rows] == [False, True, True]  # every second epoch and the last
    assert all(float(row["loss_total"]) >= 0 for row in rows)


def test_resumed_run_drops_rows_it_is_ahead_of(tmp_path: Path) -> None:
    folder = run(tiny_task(), recipe_with(epochs=3), tmp_path / "run", stop_after_epochs=1)
    with (folder / "metrics.csv").open("a") as stream:
        stream.write("2,0.5,0.1,9\n")  # as a kill between table and checkpoint leaves it
    run(tiny_task(), recipe_with(epochs=3), folder, resume=True)
    assert [row["epoch"] for row in without_seconds(folder)] == ["1", "2", "3"]


def test_progress_counts_the_steps_of_each_epoch(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    run(tiny_task(), recipe_with(epochs=1, batch_size=4), tmp_path / "run", progress=lambda *step: seen.append(step))
    assert seen == [("epoch 1/1", 1, 2), ("epoch 1/1", 2, 2)]


def test_folder_with_a_run_is_refused_without_resume(tmp_path: Path) -> None:
    folder = run(tiny_task(), recipe_with(epochs=1), tmp_path / "run")
    with pytest.raises(ModelError, match="holds a run already; add --resume"):
        run(tiny_task(), recipe_with(epochs=1), folder)


def test_folder_of_another_recipe_is_refused(tmp_path: Path) -> None:
    folder = run(tiny_task(), recipe_with(epochs=1), tmp_path / "run")
    with pytest.raises(ModelError, match="trained with another recipe"):
        run(tiny_task(), recipe_with(epochs=2), folder, resume=True)


def test_batch_larger_than_the_data_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="batch_size is 11: at most the 10 training images"):
        run(tiny_task(), recipe_with(batch_size=11), tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_wild_gradient_stops_the_run(tmp_path: Path, loss: float) -> None:
    with pytest.raises(ModelError, match="the gradient is nan; lower the learning rate"):
        run(tiny_task(lambda out: (out * loss).sum()), recipe_with(), tmp_path / "run")


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint", "cut"], ids=["missing", "empty", "text", "cut short"])
def test_damaged_checkpoint_is_refused(tmp_path: Path, content: bytes | str | None) -> None:
    path = run(tiny_task(), recipe_with(epochs=1), tmp_path / "run") / FILE_NAME
    if content is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-500] if isinstance(content, str) else content)
    with pytest.raises(ModelError, match=r"last\.pt"):
        load_checkpoint(path)
    with pytest.raises(ModelError, match=r"last\.pt"):
        load_run(path.parent)


def test_checkpoint_without_newer_fields_of_the_recipe_can_be_resumed(tmp_path: Path) -> None:
    recipe = recipe_with(epochs=2)
    folder = run(tiny_task(), recipe, tmp_path / "run", stop_after_epochs=1)
    content = torch.load(folder / FILE_NAME, weights_only=True)
    del content["recipe"]["optimisation"]["clip_norm"], content["initial_run"]
    torch.save(content, folder / FILE_NAME)
    run(tiny_task(), recipe, folder, resume=True)
    assert load_checkpoint(folder / FILE_NAME).epoch == 2


def test_initial_run_gives_its_averaged_weights_and_its_name(tmp_path: Path) -> None:
    first = run(tiny_task(), recipe_with(epochs=2), tmp_path / "first")
    recipe = recipe_with(epochs=1, lr=1e-12, weight_decay=0)  # stands still
    second = run(tiny_task(), recipe, tmp_path / "second", initial_run=first)
    start, end = load_checkpoint(first / FILE_NAME), load_checkpoint(second / FILE_NAME)
    for name, weights in start.average.items():
        torch.testing.assert_close(end.model[name], weights, rtol=0, atol=1e-9)
    name = run_id(second, recipe, end)
    assert name.startswith("second-seed0-")
    assert "-epoch1-from-first-seed0-" in name


def test_resumed_run_needs_its_initial_run_no_more(tmp_path: Path) -> None:
    first = run(tiny_task(), recipe_with(epochs=1), tmp_path / "first")
    folder = run(tiny_task(), recipe_with(epochs=2), tmp_path / "run", initial_run=first, stop_after_epochs=1)
    (first / FILE_NAME).unlink()
    run(tiny_task(), recipe_with(epochs=2), folder, initial_run=first, resume=True)
    saved = load_checkpoint(folder / FILE_NAME)
    assert saved.epoch == 2
    assert str(saved.initial_run).startswith("first-")


def test_initial_run_of_other_classes_or_another_network_is_refused(tmp_path: Path) -> None:
    first = run(tiny_task(), recipe_with(epochs=1), tmp_path / "first")
    task = tiny_task()
    renamed = TrainingTask(task.model, ("a", "b"), task.inputs, task.collate, task.loss, task.validate)
    with pytest.raises(ModelError, match="was trained for the classes"):
        run(renamed, recipe_with(epochs=1), tmp_path / "a", initial_run=first)
    wider = TrainingTask(nn.Linear(5, 2), CLASSES, task.inputs, task.collate, task.loss, task.validate)
    with pytest.raises(ModelError, match="holds another network"):
        run(wider, recipe_with(epochs=1), tmp_path / "b", initial_run=first)
    with pytest.raises(ModelError, match="does not exist"):
        run(task, recipe_with(epochs=1), tmp_path / "c", initial_run=tmp_path / "nowhere")


def test_detector_that_knows_its_fields_by_heart_finds_every_cell(detector_run: Path) -> None:
    last = without_seconds(detector_run)[-1]
    assert float(last["ap50"]) == pytest.approx(1, abs=0.02)
    assert float(last["loss_total"]) < float(without_seconds(detector_run)[0]["loss_total"]) / 2


def test_classifier_learns_the_painted_classes(classifier_run: Path) -> None:
    last = without_seconds(classifier_run)[-1]
    assert float(last["accuracy_whole"]) > 0.8
    assert "accuracy_detected" not in last, "without boxes there are no detected crops to measure"


def test_rate_rises_then_falls_to_its_share() -> None:
    settings = Optimisation(epochs=1, batch_size=1, lr=1, warmup_steps=10, final_lr_factor=0.1)
    factors = [lr_factor(step, 100, settings) for step in range(100)]
    assert factors[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert factors[10] == 1
    assert factors[9:] == sorted(factors[9:], reverse=True)
    assert factors[-1] == pytest.approx(0.1, abs=1e-3)
    assert lr_factor(100, 100, settings) == lr_factor(500, 100, settings) == pytest.approx(0.1)


def test_weight_average_follows_and_copies_counters() -> None:
    model = nn.BatchNorm1d(2)
    average = WeightAverage(model, 0.9)
    with torch.no_grad():
        model.weight.fill_(3.0)
    model(torch.rand(4, 2))
    average.update(model)
    assert average.model.weight.tolist() == pytest.approx([1 + 2 * (1 - 2 / 11)] * 2)
    assert average.model.num_batches_tracked == 1
    for _ in range(200):
        average.update(model)
    assert average.model.weight.tolist() == pytest.approx([3.0, 3.0], abs=1e-4)


def test_run_recipe_refuses_boxes_for_a_detector(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r.yaml", detection_recipe())
    with pytest.raises(RecipeError, match="--boxes belongs to classification recipes"):
        start(recipe, tmp_path, tmp_path / "run", detections_json=tmp_path / "boxes.json")


def test_run_recipe_names_an_input_size_that_does_not_fit_the_network(tmp_path: Path) -> None:
    root = write_txl_pbc(tmp_path / "data", {"train": [0, 1], "val": [0]})
    recipe = write_recipe(tmp_path / "r.yaml", detection_recipe(input_size=80))
    with pytest.raises(RecipeError, match="input_size is 80: 'retinanet_light' needs a multiple of 32"):
        start(recipe, root, tmp_path / "run")


def test_run_recipe_says_when_the_folder_cannot_be_written(tmp_path: Path) -> None:
    root = write_pbc(tmp_path / "data", {"train": 1, "val": 1})
    (tmp_path / "file").touch()
    recipe = write_recipe(tmp_path / "r.yaml", classification_recipe())
    with pytest.raises(OutputError, match="cannot write the run to"):
        start(recipe, root, tmp_path / "file" / "run")


def start(recipe: Path, data: Path, out: Path, detections_json: Path | None = None) -> None:
    run_recipe(
        recipe,
        data,
        out,
        detections_json=detections_json,
        initial_run=None,
        initial_backbone=None,
        resume=False,
        threads=1,
        progress=lambda *_: None,
    )


def test_new_run_can_start_from_the_backbone_of_another_task(tmp_path: Path) -> None:
    cells = write_pbc(tmp_path / "cells", {"train": 1, "val": 1})
    classifier = parse_recipe(classification_recipe(optimisation=optimisation(epochs=1, batch_size=5)), "test")
    assert isinstance(classifier, ClassificationRecipe)
    first = run(classification_task(classifier, cells, None), classifier, tmp_path / "first")
    recipe, make_task = detection(tmp_path)
    task = make_task()
    head = task.model.state_dict()["class_head.weight"].clone()
    second = run(task, recipe, tmp_path / "second", initial_backbone=first, stop_after_epochs=1)
    saved = load_checkpoint(second / FILE_NAME)
    assert saved.initial_run is not None
    assert saved.initial_run.startswith("backbone-of-first-seed0-")
    fresh = make_task().model
    load_initial_backbone(fresh, first)
    weights, stem = fresh.state_dict(), "backbone.conv1.0.weight"
    assert torch.equal(weights[stem], load_checkpoint(first / FILE_NAME).average[stem])
    assert torch.equal(weights["class_head.weight"], head)


def test_backbone_of_another_size_or_none_at_all_is_refused(tmp_path: Path) -> None:
    recipe, make_task = detection(tmp_path)
    wide = parse_recipe(detection_recipe(), "test")
    assert isinstance(wide, DetectionRecipe)
    other = run(tiny_task(), recipe_with(epochs=1), tmp_path / "linear")
    with pytest.raises(ModelError, match=r"linear cannot be used: it has none"):
        load_initial_backbone(make_task().model, other)
    first = run(make_task(), recipe, tmp_path / "first", stop_after_epochs=1)
    with pytest.raises(ModelError, match="the recipe has none"):
        load_initial_backbone(nn.Linear(2, 2), first)
    wider = create_model("retinanet_light", task="detection", num_classes=3, width=16)
    with pytest.raises(ModelError, match="another backbone than the recipe's network"):
        load_initial_backbone(wider, first)


def test_bf16_run_learns_with_float32_weights(tmp_path: Path) -> None:
    root = write_txl_pbc(tmp_path / "data", {"train": [0, 1], "val": [0]})
    recipe = parse_recipe(detection_recipe(optimisation=optimisation(epochs=3, precision="bf16")), "test")
    assert isinstance(recipe, DetectionRecipe)
    folder = run(detection_task(recipe, root), recipe, tmp_path / "run")
    saved = load_checkpoint(folder / FILE_NAME)
    assert {w.dtype for w in saved.model.values() if w.is_floating_point()} == {torch.float32}
    losses = [float(row["loss_total"]) for row in without_seconds(folder)]
    assert losses[-1] < losses[0]
