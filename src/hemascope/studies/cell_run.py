"""Trains the classifiers of a study and asks them about the cells they have not seen; finished folds are kept."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import nn

from hemascope.data.fingerprint_cache import FILE_NAME as FINGERPRINTS
from hemascope.errors import OutputError
from hemascope.export.bundle import load_run
from hemascope.imaging.resize import RgbArray
from hemascope.models.complexity import Complexity, measure_complexity
from hemascope.studies.baselines import BASELINES
from hemascope.studies.plan import Study, StudyRun
from hemascope.studies.predictions import (
    FILE_NAME,
    Predictions,
    pool_folds,
    predictions_from_logits,
    predictions_of,
    read_predictions,
    write_predictions,
)
from hemascope.studies.run import find_backbone
from hemascope.studies.timing import time_in_turns
from hemascope.training.cell_parts import read_parts
from hemascope.training.classification import classification_task, predict_logits, serving_crops
from hemascope.training.engine import Progress, train
from hemascope.training.recipe import ClassificationRecipe

_MEASURED = "measured.json"
_BATCH = 8  # cells named at once when timing


@dataclass(frozen=True, slots=True)
class FoldSize:
    """What one training took; a baseline has no network and takes no time worth telling."""

    run_id: str
    epochs: int = 0
    training_s: float = 0.0
    complexity: Complexity | None = None


@dataclass(frozen=True, slots=True)
class MeasuredCells:
    """A run with all its folds together."""

    folds: tuple[FoldSize, ...]
    predictions: Predictions


def run_cell_study(
    study: Study, data_root: Path, runs_folder: Path, device: str, progress: Progress
) -> list[MeasuredCells]:
    """Train what is missing, go on with what was broken off; in the study's order. Raises what training raises."""
    backbone = find_backbone(study, runs_folder)
    measured = []
    for i, run in enumerate(study.runs, start=1):
        folds = []
        for fold in run.folds():
            progress(f"{study.name}: {run.name}, seed {run.recipe.seed}", i - 1, len(study.runs))
            folds.append(_run_fold(fold, data_root, runs_folder, backbone, device, progress))
        sizes, predictions = zip(*folds, strict=True)
        measured.append(MeasuredCells(sizes, pool_folds(predictions)))
    return measured


def time_classifiers(
    study: Study, data_root: Path, runs_folder: Path, cells: int, progress: Progress
) -> dict[str, float]:
    """Images a second of each run's first fold on the processor, from the crop on, eight at a time."""
    actions: dict[str, Callable[[int], object]] = {}
    for run in study.runs:
        if run.baseline is None and run.name not in actions:
            first = run.folds()[0]
            crops = _measured_crops(first.cell_recipe, data_root, runs_folder, cells)
            actions[run.name] = _prediction(load_run(runs_folder / first.folder_name).model, crops)
    ms = time_in_turns(actions, max(2, -(-cells // _BATCH)), progress)
    return {name: 1000 * _BATCH / value for name, value in ms.items()}


def _prediction(network: nn.Module, crops: Sequence[RgbArray]) -> Callable[[int], object]:
    """Names batch number i of the crops, which are repeated where they end."""
    side = crops[0].shape[0]
    return lambda i: predict_logits(network, [crops[(i * _BATCH + k) % len(crops)] for k in range(_BATCH)], side)


def _measured_crops(recipe: ClassificationRecipe, data_root: Path, runs_folder: Path, count: int) -> list[RgbArray]:
    """About `count` of the cells that a fold is measured on, taken evenly, as its network sees them."""
    val = read_parts(recipe.data, data_root, runs_folder / FINGERPRINTS).val
    step = max(1, len(val.samples) // count)
    return serving_crops(val.take(range(0, len(val.samples), step)), recipe, whole_image=True)


def _run_fold(
    run: StudyRun, data_root: Path, runs_folder: Path, backbone: Path | None, device: str, progress: Progress
) -> tuple[FoldSize, Predictions]:
    folder = runs_folder / run.folder_name
    if not (folder / _MEASURED).exists():  # written last
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if run.baseline is None:
                size, predictions = _train_fold(run.cell_recipe, data_root, folder, backbone, device, progress)
            else:
                size, predictions = _ask_baseline(run.baseline, run.cell_recipe, data_root, folder)
            write_predictions(predictions, folder / FILE_NAME)
            partial = folder / f"{_MEASURED}.partial"
            partial.write_text(json.dumps(asdict(size), indent=1), encoding="utf-8")
            partial.replace(folder / _MEASURED)
        except OSError as error:
            raise OutputError(f"cannot write the run to {folder}: {error}; what was finished is kept") from error
    content = json.loads((folder / _MEASURED).read_text(encoding="utf-8"))
    complexity = None if content["complexity"] is None else Complexity(**content["complexity"])
    return FoldSize(**content | {"complexity": complexity}), read_predictions(folder / FILE_NAME)


def _train_fold(
    recipe: ClassificationRecipe, data_root: Path, folder: Path, backbone: Path | None, device: str, progress: Progress
) -> tuple[FoldSize, Predictions]:
    cache = folder.parent / FINGERPRINTS
    task = classification_task(recipe, data_root, None, cache)
    train(task, recipe, folder, resume=True, progress=progress, initial_backbone=backbone, device=device)
    finished = load_run(folder)
    val = read_parts(recipe.data, data_root, cache).val
    logits = predict_logits(finished.model, serving_crops(val, recipe, whole_image=True), recipe.input_size)
    complexity = measure_complexity(finished.model, height=recipe.input_size, width=recipe.input_size)
    size = FoldSize(finished.run_id, finished.epochs, finished.training_s, complexity)
    return size, predictions_from_logits(val, data_root, logits)


def _ask_baseline(
    name: str, recipe: ClassificationRecipe, data_root: Path, folder: Path
) -> tuple[FoldSize, Predictions]:
    parts = read_parts(recipe.data, data_root, folder.parent / FINGERPRINTS)
    known, asked = (serving_crops(part, recipe, whole_image=True) for part in (parts.train, parts.val))
    probabilities = BASELINES[name](known, parts.train.labels(), asked, len(parts.train.classes))
    return FoldSize(folder.name), predictions_of(parts.val, data_root, probabilities)
