"""Trains and measures the runs of a study; what is finished is not done again."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import nn

from hemascope.data.fingerprint_cache import FILE_NAME as FINGERPRINTS
from hemascope.data.images import read_image
from hemascope.data.readers import read_fields
from hemascope.data.sample import FieldDataset
from hemascope.errors import OutputError, RecipeError
from hemascope.evaluation.detection import SCORE_FLOOR, DetectionRow, measure_detections
from hemascope.export.bundle import load_run
from hemascope.models.complexity import Complexity, measure_complexity
from hemascope.studies.plan import Study, StudyRun
from hemascope.training.checkpoint import FILE_NAME
from hemascope.training.detection import detection_task, predict_fields
from hemascope.training.engine import Progress, train
from hemascope.training.recipe import DetectionRecipe

_MEASURED = "measured.json"


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """Figures of a finished run; `rows` by class and source as `hemascope evaluate` gives them."""

    run_id: str
    epochs: int
    training_s: float
    complexity: Complexity
    rows: tuple[DetectionRow, ...]

    def row(self, class_id: str, source: str = "all") -> DetectionRow:
        return next(r for r in self.rows if r.class_id == class_id and r.source == source)


def run_study(study: Study, data_root: Path, runs_folder: Path, device: str, progress: Progress) -> list[MeasuredRun]:
    """Train what is missing, go on with what was broken off, measure what is not measured; in the study's order.

    Raises RecipeError where the initial backbone's run is missing, and what training raises.
    """
    backbone = find_backbone(study, runs_folder)
    measured = []
    for i, run in enumerate(study.runs, start=1):
        progress(f"{study.name}: {run.name}, seed {run.recipe.seed}", i - 1, len(study.runs))
        folder = runs_folder / run.folder_name
        found = _read_measured(folder)
        if found is None:
            _train(run, data_root, folder, backbone, device, progress)
            found = _measure(run, data_root, folder)
            _write_measured(found, folder)
        measured.append(found)
    return measured


def find_backbone(study: Study, runs_folder: Path) -> Path | None:
    """The run folder that all networks start from. Raises RecipeError where it is missing."""
    if study.initial_backbone is None:
        return None
    backbone = runs_folder / study.initial_backbone
    if not (backbone / FILE_NAME).exists():
        raise RecipeError(
            f"{backbone} holds no run; the study's networks start from it: train configs/.../"
            f"{study.initial_backbone}.yaml with --out {backbone} first"
        )
    return backbone


def load_network(run: StudyRun, runs_folder: Path) -> nn.Module:
    """The trained network of a finished run, ready to predict."""
    return load_run(runs_folder / run.folder_name).model


def read_validation(recipe: DetectionRecipe, data_root: Path) -> FieldDataset:
    """The fields that a run is measured on, with the classes it learns."""
    dataset = read_fields(recipe.data.reader, data_root, recipe.data.val_split)
    return dataset if recipe.data.classes is None else dataset.keep_classes(recipe.data.classes)


def _train(
    run: StudyRun, data_root: Path, folder: Path, backbone: Path | None, device: str, progress: Progress
) -> None:
    task = detection_task(run.field_recipe, data_root, folder.parent / FINGERPRINTS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        train(task, run.recipe, folder, resume=True, progress=progress, initial_backbone=backbone, device=device)
    except OSError as error:
        raise OutputError(f"cannot write the run to {folder}: {error}; what was finished is kept") from error


def _measure(run: StudyRun, data_root: Path, folder: Path) -> MeasuredRun:
    finished, recipe = load_run(folder), run.field_recipe
    dataset = read_validation(recipe, data_root)
    images = [read_image(sample.path) for sample in dataset.samples]
    predictions = predict_fields(finished.model, images, recipe.eval_size, score_threshold=SCORE_FLOOR)
    return MeasuredRun(
        run_id=finished.run_id,
        epochs=finished.epochs,
        training_s=finished.training_s,
        complexity=measure_complexity(finished.model, height=recipe.eval_size, width=recipe.eval_size),
        rows=measure_detections(dataset, predictions).rows,
    )


def _write_measured(measured: MeasuredRun, folder: Path) -> None:
    partial = folder / f"{_MEASURED}.partial"  # whole or not at all, as the checkpoint
    partial.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")
    partial.replace(folder / _MEASURED)


def _read_measured(folder: Path) -> MeasuredRun | None:
    path = folder / _MEASURED
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    content["complexity"] = Complexity(**content["complexity"])
    content["rows"] = tuple(DetectionRow(**row) for row in content["rows"])
    return MeasuredRun(**content)
