"""From a recipe file to a finished run folder: what `hemascope train` does."""

from collections.abc import Callable
from pathlib import Path

import torch

from hemascope.data.fingerprint_cache import FILE_NAME
from hemascope.errors import OutputError, RecipeError
from hemascope.training.classification import classification_task
from hemascope.training.detection import detection_task
from hemascope.training.device import AUTO, choose_device
from hemascope.training.engine import Progress, TrainingTask, train
from hemascope.training.recipe import DetectionRecipe, load_recipe


def run_recipe(
    recipe_path: Path,
    data_root: Path,
    out: Path,
    *,
    detections_json: Path | None,
    initial_run: Path | None,
    initial_backbone: Path | None,
    prepare: Callable[[TrainingTask], str] | None = None,
    resume: bool,
    threads: int | None,
    device: str = AUTO,
    progress: Progress,
) -> None:
    """Train as the recipe says; `prepare` gives the task's network its first weights and returns whose they are.

    Raises RecipeError, DatasetError, ModelError or OutputError; no work is lost.
    """
    recipe = load_recipe(recipe_path)
    if threads is not None:
        torch.set_num_threads(threads)
    if isinstance(recipe, DetectionRecipe):
        if detections_json is not None:
            raise RecipeError("--boxes belongs to classification recipes; a detection recipe reads its boxes itself")
        task = detection_task(recipe, data_root, out / FILE_NAME)
    else:
        task = classification_task(recipe, data_root, detections_json, out / FILE_NAME)
    try:
        out.mkdir(parents=True, exist_ok=True)
        train(
            task,
            recipe,
            out,
            resume=resume,
            progress=progress,
            initial_run=initial_run,
            initial_backbone=initial_backbone,
            initial_id=None if prepare is None else prepare(task),
            device=choose_device(device),
        )
    except OSError as error:
        raise OutputError(
            f"cannot write the run to {out}: {error}; what was finished is kept, go on with --resume"
        ) from error
