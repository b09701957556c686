"""The training loop, the same for every task."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from hemascope.errors import ModelError
from hemascope.training.checkpoint import FILE_NAME, Checkpoint, load_checkpoint, save_checkpoint
from hemascope.training.recipe import ClassificationRecipe, DetectionRecipe
from hemascope.training.runlog import RunLog
from hemascope.training.schedule import WeightAverage, lr_factor

Progress = Callable[[str, int, int], None]  # description, done, total


class EpochInputs(Protocol):
    """A dataset whose items depend on the epoch."""

    epoch: int

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class TrainingTask:
    """What the loop does not know: the network, its inputs, its loss and its validation."""

    model: nn.Module
    classes: tuple[str, ...]
    inputs: Any  # a torch Dataset that is also EpochInputs
    collate: Callable[[list[Any]], Any]
    loss: Callable[[nn.Module, Any], dict[str, Tensor]]  # batch -> terms with `total`
    validate: Callable[[nn.Module], dict[str, float]]


def train(
    task: TrainingTask,
    recipe: DetectionRecipe | ClassificationRecipe,
    folder: Path,
    *,
    resume: bool,
    progress: Progress,
    initial_run: Path | None = None,
    stop_after_epochs: int | None = None,
) -> None:
    """Run a recipe to its end in `folder`, writing `last.pt`, `metrics.csv` and `curves.png` after every epoch.

    A folder with a checkpoint is continued with `resume`, and refused without it. `initial_run` is the folder of a
    finished run whose averaged weights a new run starts from. `stop_after_epochs` ends early (tests).
    """
    optimisation = recipe.optimisation
    checkpoint_path = folder / FILE_NAME
    model = task.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stub lacks the keyword
    optimiser = torch.optim.AdamW(_weight_groups(model, optimisation.weight_decay), lr=optimisation.lr)
    epoch, step, seconds = 0, 0, 0.0
    if initial_run is not None:
        _load_initial_weights(model, task.classes, initial_run)
    average = WeightAverage(model, optimisation.ema_decay)
    if checkpoint_path.exists():
        if not resume:
            raise ModelError(f"{folder} holds a run already; add --resume to continue it or choose another --out")
        saved = load_checkpoint(checkpoint_path)
        if saved.recipe != recipe.model_dump(mode="json"):
            raise ModelError(f"{folder} was trained with another recipe; choose another --out")
        model.load_state_dict(saved.model)
        average.model.load_state_dict(saved.average)
        average.updates = saved.average_updates
        optimiser.load_state_dict(saved.optimiser)
        epoch, step, seconds = saved.epoch, saved.step, saved.seconds
    log = RunLog(folder, recipe, epoch)
    steps_an_epoch = len(task.inputs) // optimisation.batch_size
    if steps_an_epoch == 0:
        raise ModelError(f"batch_size {optimisation.batch_size} exceeds the {len(task.inputs)} training images")
    last_epoch = min(optimisation.epochs, stop_after_epochs or optimisation.epochs)
    while epoch < last_epoch:
        started = time.perf_counter()
        torch.manual_seed(recipe.seed * 100_003 + epoch)  # dropout and the order of the epoch
        task.inputs.epoch = epoch
        sums: dict[str, float] = {}
        loader = DataLoader(task.inputs, optimisation.batch_size, shuffle=True, drop_last=True, collate_fn=task.collate)
        for done, batch in enumerate(loader, start=1):
            factor = lr_factor(step, steps_an_epoch * optimisation.epochs, optimisation)
            for group in optimiser.param_groups:
                group["lr"] = optimisation.lr * factor
            _add(sums, _train_step(task, model, batch, optimiser, optimisation.clip_norm))
            average.update(model)
            step += 1
            progress(f"epoch {epoch + 1}/{optimisation.epochs}", done, steps_an_epoch)
        epoch += 1
        seconds += time.perf_counter() - started
        row = {name: value / steps_an_epoch for name, value in sums.items()}
        row |= {"lr": optimiser.param_groups[0]["lr"], "seconds": seconds}
        if epoch % optimisation.validate_every == 0 or epoch == optimisation.epochs:
            row |= task.validate(average.model)
        save_checkpoint(
            Checkpoint(
                recipe=recipe.model_dump(mode="json"),
                classes=task.classes,
                epoch=epoch,
                step=step,
                model=model.state_dict(),
                average=average.model.state_dict(),
                average_updates=average.updates,
                optimiser=optimiser.state_dict(),
                seconds=seconds,
            ),
            checkpoint_path,
        )
        log.add(epoch, row)
        log.draw_curves(folder / "curves.png")


def _train_step(
    task: TrainingTask, model: nn.Module, batch: Any, optimiser: torch.optim.Optimizer, clip_norm: float
) -> dict[str, float]:
    model.train()
    terms = task.loss(model, batch)
    optimiser.zero_grad(set_to_none=True)
    terms["total"].backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    if not torch.isfinite(norm):
        raise ModelError(f"the gradient is {norm.item()}; lower the learning rate in the recipe")
    optimiser.step()
    return {f"loss_{name}": value.item() for name, value in terms.items()}


def _load_initial_weights(model: nn.Module, classes: tuple[str, ...], run: Path) -> None:
    saved = load_checkpoint(run / FILE_NAME)
    if saved.classes != classes:
        raise ModelError(f"{run} was trained for the classes {saved.classes}, this recipe's data has {classes}")
    try:
        model.load_state_dict(saved.average)
    except RuntimeError as error:
        raise ModelError(f"{run} holds another network than the recipe asks for: {error}") from error


def _weight_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for kernels only: norms and biases have one dimension."""
    kernels = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]


def _add(sums: dict[str, float], values: dict[str, float]) -> None:
    for name, value in values.items():
        sums[name] = sums.get(name, 0.0) + value


def batches(items: list[Any], size: int) -> Iterable[list[Any]]:
    """Consecutive lists of at most `size` items."""
    return (items[i : i + size] for i in range(0, len(items), size))
