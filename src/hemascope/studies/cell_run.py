"""Trains the classifiers of a study and asks them about the cells they have not seen; finished folds are kept."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import nn

from hemascope.data.detected_boxes import with_detected_boxes
from hemascope.data.fingerprint_cache import FILE_NAME as FINGERPRINTS
from hemascope.data.protocol import CellParts
from hemascope.data.sample import CellDataset
from hemascope.errors import OutputError, RecipeError
from hemascope.export.bundle import load_run
from hemascope.export.continued import Origin, origin_of_run, start_from
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
from hemascope.studies.timing import time_in_turns
from hemascope.training.cell_parts import read_parts
from hemascope.training.checkpoint import FILE_NAME as CHECKPOINT
from hemascope.training.classification import classification_task, predict_logits, serving_crops
from hemascope.training.engine import Progress, train
from hemascope.training.recipe import ClassificationRecipe

_MEASURED = "measured.json"
_BATCH = 8  # cells named at once when timing


@dataclass(frozen=True, slots=True)
class CellSource:
    """A dataset, and the detector's boxes in it where its cells are to be cut out around them."""

    data_root: Path
    detections_json: Path | None = None

    def parts(self, recipe: ClassificationRecipe, cache: Path) -> CellParts:
        """As `read_parts`, with boxes where there are some."""
        parts = read_parts(recipe.data, self.data_root, cache)
        if self.detections_json is None:
            return parts
        boxes = self.detections_json, recipe.data.cell_box
        return CellParts(with_detected_boxes(parts.train, *boxes), with_detected_boxes(parts.val, *boxes))

    def crops(self, cells: CellDataset, recipe: ClassificationRecipe) -> list[RgbArray]:
        """Cells of `parts` as serving sees them; one without a box is the image's centre."""
        return serving_crops(cells, recipe, whole_image=self.detections_json is None)


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
    study: Study, source: CellSource, runs_folder: Path, device: str, progress: Progress
) -> list[MeasuredCells]:
    """Train what is missing, go on with what was broken off; in the study's order.

    Raises RecipeError where boxes or the run that a network starts from are missing, and what training raises.
    """
    if study.needs_boxes != (source.detections_json is not None):
        needed = "needs the cells' boxes" if study.needs_boxes else "looks at whole images and takes no boxes"
        raise RecipeError(f"{study.name} {needed}: --boxes is the output of 'hemascope detect' over its images")
    measured = []
    for i, run in enumerate(study.runs, start=1):
        folds = []
        for fold in run.folds():
            progress(f"{study.name}: {run.name}, seed {run.recipe.seed}", i - 1, len(study.runs))
            folds.append(_run_fold(fold, source, runs_folder, device, progress))
        sizes, predictions = zip(*folds, strict=True)
        measured.append(MeasuredCells(sizes, pool_folds(predictions)))
    return measured


def time_classifiers(
    study: Study, source: CellSource, runs_folder: Path, cells: int, progress: Progress
) -> dict[str, float]:
    """Images a second of each run's first fold on the processor, from the crop on, eight at a time."""
    actions: dict[str, Callable[[int], object]] = {}
    for run in study.runs:
        if run.baseline is None and run.name not in actions:
            first = run.folds()[0]
            crops = _measured_crops(first.cell_recipe, source, runs_folder, cells)
            actions[run.name] = _prediction(load_run(runs_folder / first.folder_name).model, crops)
    ms = time_in_turns(actions, max(2, -(-cells // _BATCH)), progress)
    return {name: 1000 * _BATCH / value for name, value in ms.items()}


def _prediction(network: nn.Module, crops: Sequence[RgbArray]) -> Callable[[int], object]:
    """Names batch number i of the crops, which are repeated where they end."""
    side = crops[0].shape[0]
    return lambda i: predict_logits(network, [crops[(i * _BATCH + k) % len(crops)] for k in range(_BATCH)], side)


def _measured_crops(recipe: ClassificationRecipe, source: CellSource, runs_folder: Path, count: int) -> list[RgbArray]:
    """About `count` of the cells that a fold is measured on, taken evenly, as its network sees them."""
    val = source.parts(recipe, runs_folder / FINGERPRINTS).val
    step = max(1, len(val.samples) // count)
    return source.crops(val.take(range(0, len(val.samples), step)), recipe)


def _run_fold(
    run: StudyRun, source: CellSource, runs_folder: Path, device: str, progress: Progress
) -> tuple[FoldSize, Predictions]:
    folder = runs_folder / run.folder_name
    if not (folder / _MEASURED).exists():  # written last
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if run.baseline is None:
                size, predictions = _train_fold(run, source, folder, device, progress)
            else:
                size, predictions = _ask_baseline(run.baseline, run.cell_recipe, source, folder)
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
    run: StudyRun, source: CellSource, folder: Path, device: str, progress: Progress
) -> tuple[FoldSize, Predictions]:
    recipe, cache = run.cell_recipe, folder.parent / FINGERPRINTS
    task = classification_task(recipe, source.data_root, source.detections_json, cache)
    initial_id = None if run.initial is None else start_from(task, _initial_run(folder.parent / run.initial))
    train(task, recipe, folder, resume=True, progress=progress, initial_id=initial_id, device=device)
    finished = load_run(folder)
    val = source.parts(recipe, cache).val
    logits = predict_logits(finished.model, source.crops(val, recipe), recipe.input_size)
    complexity = measure_complexity(finished.model, height=recipe.input_size, width=recipe.input_size)
    size = FoldSize(finished.run_id, finished.epochs, finished.training_s, complexity)
    return size, predictions_from_logits(val, source.data_root, logits)


def _initial_run(folder: Path) -> Origin:
    if not (folder / CHECKPOINT).exists():
        raise RecipeError(f"{folder} holds no run; a network of this study starts from it: train that study first")
    return origin_of_run(folder)


def _ask_baseline(
    name: str, recipe: ClassificationRecipe, source: CellSource, folder: Path
) -> tuple[FoldSize, Predictions]:
    parts = source.parts(recipe, folder.parent / FINGERPRINTS)
    known, asked = (source.crops(part, recipe) for part in (parts.train, parts.val))
    probabilities = BASELINES[name](known, parts.train.labels(), asked, len(parts.train.classes))
    return FoldSize(folder.name), predictions_of(parts.val, source.data_root, probabilities)
