"""Training that goes on from a finished model with new labels: what `hemascope train --continue` does."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from hemascope.core.manifest import ModelManifest
from hemascope.data.fingerprint_cache import FILE_NAME
from hemascope.data.readers import read_cells, read_fields
from hemascope.data.versions import VERSION_FILE
from hemascope.errors import DatasetError, ModelError, OutputError
from hemascope.export.bundle import FinishedRun, load_run, network_options
from hemascope.export.rebuild import rebuild_network, refresh_norms
from hemascope.inference.bundle import ModelBundle
from hemascope.training.classification import classification_task
from hemascope.training.detection import detection_task
from hemascope.training.device import AUTO, choose_device
from hemascope.training.engine import Progress, TrainingTask, train
from hemascope.training.normalisation import normalise_images
from hemascope.training.recipe import AnyRecipe, ClassificationRecipe, parse_recipe

READER = "annotated"
NORM_IMAGES = 256  # training images whose statistics rebuilt norms get
_NORM_BATCH = 32


@dataclass(frozen=True, slots=True)
class FineTuning:
    """How far the weights may move: fewer epochs and a lower rate than from scratch."""

    epochs: int = 20
    lr: float = 3e-4
    batch_size: int = 32  # at most; never more than there are training images
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """A finished model: its network, its classes in the order of its outputs, and the recipe to go on with."""

    id: str
    model: nn.Module
    classes: tuple[str, ...]
    is_rebuilt: bool  # its norms have no statistics of images
    recipe: dict[str, object]  # without data and optimisation


def origin_of_bundle(bundle: ModelBundle) -> Origin:
    """Raises ModelError where the network cannot be rebuilt."""
    manifest = bundle.manifest
    recipe = _detection_part(manifest) if manifest.task == "detection" else _classification_part(manifest)
    name = f"{manifest.name}-{manifest.version}-{manifest.onnx_sha256[:12]}"
    return Origin(name, rebuild_network(bundle), manifest.classes, True, recipe)


def origin_of_run(folder: Path) -> Origin:
    """Raises ModelError or RecipeError where the run cannot be used."""
    run: FinishedRun = load_run(folder)
    content = run.recipe.model_dump(mode="json", exclude={"data", "optimisation", "seed"})
    content["model"] = {"name": run.recipe.model.name, "options": network_options(run.recipe)}
    return Origin(run.run_id, run.model, run.classes, False, content)


def continue_training(
    origin: Origin,
    data_root: Path,
    out: Path,
    settings: FineTuning,
    progress: Progress,
    *,
    resume: bool = False,
    threads: int | None = None,
    device: str = AUTO,
) -> None:
    """Fine-tunes `origin` on the parts `train` and `val` of an annotated dataset, into the run folder `out`.

    A classifier keeps its classes and gets those that are new in the data, a detector finds what it found. Raises
    DatasetError, RecipeError, ModelError or OutputError.
    """
    recipe = _recipe(origin, data_root, settings)
    if threads is not None:
        torch.set_num_threads(threads)
    if isinstance(recipe, ClassificationRecipe):
        task = classification_task(recipe, data_root, None, out / FILE_NAME)
    else:
        task = detection_task(recipe, data_root, out / FILE_NAME)
    start_from(task, origin)
    try:
        out.mkdir(parents=True, exist_ok=True)
        train(task, recipe, out, resume=resume, progress=progress, initial_id=origin.id, device=choose_device(device))
    except OSError as error:
        raise OutputError(
            f"cannot write the run to {out}: {error}; what was finished is kept, go on with --resume"
        ) from error


def _recipe(origin: Origin, data_root: Path, settings: FineTuning) -> AnyRecipe:
    is_detector = origin.recipe["task"] == "detection"
    read = read_fields if is_detector else read_cells
    dataset = read(READER, data_root, "train")
    images = len(dataset.samples)
    missing = [name for name in origin.classes if name not in dataset.classes] if is_detector else []
    if missing:
        raise DatasetError(
            f"{data_root} has no {', '.join(missing)}, which {origin.id} finds; unmarked, they would be learned as "
            "background: mark them too, or say that there was none: 'annotate export --looked-for'"
        )
    # a version keeps copies and groups in one part; the same cells in many fields are alike and no leak
    is_version = (data_root / VERSION_FILE).is_file()
    data: dict[str, object] = {"reader": READER, "cache_px": _cache_px(origin.recipe), "allow_leaks": is_version}
    data["classes" if is_detector else "first_classes"] = list(origin.classes)
    batch_size = max(1, min(settings.batch_size, images // 2))  # at least two steps an epoch
    steps = settings.epochs * max(images // batch_size, 1)
    optimisation = {
        "epochs": settings.epochs,
        "batch_size": batch_size,
        "lr": settings.lr,
        "warmup_steps": min(50, steps // 10),
        "ema_decay": 0.99,
        "validate_every": max(1, settings.epochs // 5),
    }
    content = {**origin.recipe, "data": data, "optimisation": optimisation, "seed": settings.seed}
    return parse_recipe(content, f"the continuation of {origin.id}")


def _cache_px(recipe: Mapping[str, object]) -> int:
    """Images are kept a good deal larger than the network sees them, because crops and zooms look at parts."""
    size = recipe["eval_size"] if recipe["task"] == "detection" else recipe["input_size"]
    assert isinstance(size, int)
    return round(size * 1.4) if recipe["task"] == "detection" else 2 * size


def _detection_part(manifest: ModelManifest) -> dict[str, object]:
    size, stride = manifest.preprocessing.input_size, manifest.preprocessing.stride
    return {
        "task": "detection",
        "input_size": -(-size // stride) * stride,
        "eval_size": size,
        "model": {"name": manifest.architecture, "options": manifest.architecture_options},
        "augmentation": {"mosaic": 0.3, "scale": [0.75, 1.25]},
    }


def _classification_part(manifest: ModelManifest) -> dict[str, object]:
    settings = manifest.classification
    assert settings is not None  # the manifest promises it
    context = settings.crop_context
    return {
        "task": "classification",
        "input_size": manifest.preprocessing.input_size,
        "crop_context": context,
        "whole_image_zoom": settings.whole_image_zoom,
        "input_steps": list(manifest.preprocessing.steps),
        "model": {"name": manifest.architecture, "options": manifest.architecture_options},
        "augmentation": {"context": [0.85 * context, 1.2 * context], "whole_image": 0.0, "label_smoothing": 0.05},
    }


def start_from(task: TrainingTask, origin: Origin) -> str:
    """Gives the task's network the weights of a finished model, and norms that fit its images; returns the model's id.

    Raises ModelError where a weight differs in its shape.
    """
    _take_weights(task, origin)
    if origin.is_rebuilt:
        refresh_norms(task.model, _training_batches(task))
    return origin.id


@torch.no_grad()
def _take_weights(task: TrainingTask, origin: Origin) -> None:
    """All weights; of the layers that have a row a class, the rows of the classes that both know.

    Raises ModelError where another weight differs in its shape.
    """
    state, given = dict(task.model.state_dict()), origin.model.state_dict()
    counts = len(origin.classes), len(task.classes)
    shared = [name for name in origin.classes if name in task.classes]
    old = [origin.classes.index(name) for name in shared]
    new = [task.classes.index(name) for name in shared]
    for name, value in given.items():
        if name in state and state[name].shape == value.shape:
            state[name] = value
        elif name in state and _differs_in_classes(value, state[name], counts):
            state[name][new] = value[old]
        else:
            raise ModelError(f"{origin.id} has another network than its recipe: '{name}' does not fit")
    task.model.load_state_dict(state)


def _differs_in_classes(old: Tensor, new: Tensor, counts: tuple[int, int]) -> bool:
    """Whether the two have a row a class and are alike otherwise."""
    return old.ndim == new.ndim and (len(old), len(new)) == counts and old.shape[1:] == new.shape[1:]


def _training_batches(task: TrainingTask) -> list[Tensor]:
    """Augmented training images, normalised, spread evenly over the training part."""
    count = min(NORM_IMAGES, len(task.inputs))
    places = [round(i * (len(task.inputs) - 1) / max(count - 1, 1)) for i in range(count)]
    batches = [places[i : i + _NORM_BATCH] for i in range(0, count, _NORM_BATCH)]
    return [normalise_images(task.collate([task.inputs[i] for i in batch])[0]) for batch in batches]
