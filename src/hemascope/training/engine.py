"""The training loop, the same for every task."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from hemascope.errors import ModelError, RecipeError
from hemascope.training.checkpoint import (
    FILE_NAME,
    Checkpoint,
    checkpoint_recipe,
    load_checkpoint,
    save_checkpoint,
)
from hemascope.training.initial_weights import load_initial_backbone, load_initial_weights
from hemascope.training.optimiser import make_optimiser
from hemascope.training.recipe import AnyRecipe, Optimisation
from hemascope.training.runlog import RunLog
from hemascope.training.schedule import WeightAverage, lr_factor

Progress = Callable[[str, int, int], None]  # description, done, total


class EpochInputs(Protocol):
    """A map-style dataset whose items depend on the epoch."""

    epoch: int

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Any: ...


@dataclass(frozen=True, slots=True)
class TrainingTask:
    """What the loop does not know: the network, its inputs, its loss and its validation."""

    model: nn.Module
    classes: tuple[str, ...]
    inputs: EpochInputs
    collate: Callable[[list[Any]], Any]
    loss: Callable[[nn.Module, Any], dict[str, Tensor]]  # batch -> terms with `total`
    validate: Callable[[nn.Module], dict[str, float]]
    loss_module: nn.Module = field(default_factory=nn.Identity)  # holds what the loss learns, such as class centres


@dataclass(slots=True)
class _RunState:
    """What a checkpoint holds, alive."""

    model: nn.Module
    average: WeightAverage
    optimiser: torch.optim.Optimizer
    initial_run: str | None
    epoch: int = 0  # finished ones
    step: int = 0
    seconds: float = 0.0


def train(
    task: TrainingTask,
    recipe: AnyRecipe,
    folder: Path,
    *,
    resume: bool,
    progress: Progress,
    initial_run: Path | None = None,
    initial_backbone: Path | None = None,
    initial_id: str | None = None,
    device: str = "cpu",
    stop_after_epochs: int | None = None,
) -> None:
    """Run a recipe to its end in `folder`, writing `last.pt`, `metrics.csv` and `curves.png` after every epoch.

    A folder with a checkpoint is continued with `resume`, and refused without it. `initial_run` is the folder of a
    finished run whose averaged weights a new run starts from; `initial_backbone` one of any task, of which only the
    backbone is taken; `initial_id` says whose weights the task's network holds already. `device` is one of torch's.
    `stop_after_epochs` ends early (tests).

    Raises RecipeError for a batch larger than the data; ModelError for weights that do not fit or a wild gradient.
    """
    optimisation = recipe.optimisation
    steps_an_epoch = len(task.inputs) // optimisation.batch_size
    if steps_an_epoch == 0:
        raise RecipeError(
            f"optimisation.batch_size is {optimisation.batch_size}: at most the {len(task.inputs)} training images"
        )
    task.model.to(device)  # before the optimiser is made, which holds the same tensors
    task.loss_module.to(device)
    if (folder / FILE_NAME).exists():
        if not resume:
            raise ModelError(f"{folder} holds a run already; add --resume to continue it or choose another --out")
        state = _resume(task, recipe, folder / FILE_NAME)
    else:
        state = _begin(task, recipe, initial_run, initial_backbone, initial_id)
    log = RunLog(folder, recipe, state.epoch)
    last_epoch = min(optimisation.epochs, stop_after_epochs or optimisation.epochs)
    while state.epoch < last_epoch:
        row = _train_epoch(task, recipe, state, steps_an_epoch, progress)
        if state.epoch % optimisation.validate_every == 0 or state.epoch == optimisation.epochs:
            row |= task.validate(state.average.model)
        log.add(state.epoch, row)  # before the checkpoint: a resumed run drops rows it is ahead of, but misses none
        save_checkpoint(_checkpoint(task, recipe, state), folder / FILE_NAME)
        log.draw_curves(folder / "curves.png")


def _begin(
    task: TrainingTask,
    recipe: AnyRecipe,
    initial_run: Path | None,
    initial_backbone: Path | None = None,
    initial_id: str | None = None,
) -> _RunState:
    model = task.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stub lacks the keyword
    if initial_run is not None:
        initial_id = load_initial_weights(model, task.classes, initial_run)
    elif initial_backbone is not None:
        initial_id = load_initial_backbone(model, initial_backbone)
    optimiser = make_optimiser(model, task.loss_module, recipe.optimisation)
    return _RunState(model, WeightAverage(model, recipe.optimisation.ema_decay), optimiser, initial_id)


def _resume(task: TrainingTask, recipe: AnyRecipe, path: Path) -> _RunState:
    saved = load_checkpoint(path)
    if checkpoint_recipe(saved, path) != recipe:
        raise ModelError(f"{path.parent} was trained with another recipe; choose another --out")
    state = _begin(task, recipe, None)
    state.model.load_state_dict(saved.model)
    state.average.model.load_state_dict(saved.average)
    state.average.updates = saved.average_updates
    task.loss_module.load_state_dict(saved.loss)
    state.optimiser.load_state_dict(saved.optimiser)
    state.epoch, state.step, state.seconds = saved.epoch, saved.step, saved.seconds
    state.initial_run = saved.initial_run
    return state


def _checkpoint(task: TrainingTask, recipe: AnyRecipe, state: _RunState) -> Checkpoint:
    return Checkpoint(
        recipe=recipe.model_dump(mode="json"),
        classes=task.classes,
        epoch=state.epoch,
        step=state.step,
        model=state.model.state_dict(),
        average=state.average.model.state_dict(),
        average_updates=state.average.updates,
        optimiser=state.optimiser.state_dict(),
        seconds=state.seconds,
        loss=task.loss_module.state_dict(),
        initial_run=state.initial_run,
    )


def _train_epoch(
    task: TrainingTask, recipe: AnyRecipe, state: _RunState, steps: int, progress: Progress
) -> dict[str, float]:
    """Mean loss terms of the epoch, its last learning rate and the seconds of the run so far."""
    optimisation = recipe.optimisation
    started = time.perf_counter()
    torch.manual_seed(recipe.seed * 100_003 + state.epoch)  # dropout and the order of the epoch
    task.inputs.epoch = state.epoch
    for network in (state.model, state.average.model):
        if hasattr(network, "begin_epoch"):
            network.begin_epoch(state.epoch)  # type: ignore[operator]  # networks that change over the epochs have it
    sums: dict[str, float] = {}
    dataset: Any = task.inputs
    loader = DataLoader(dataset, optimisation.batch_size, shuffle=True, drop_last=True, collate_fn=task.collate)
    for done, batch in enumerate(loader, start=1):
        factor = lr_factor(state.step, steps * optimisation.epochs, optimisation)
        for group in state.optimiser.param_groups:
            group["lr"] = optimisation.lr * factor
        for name, value in _train_step(task, state, batch, optimisation).items():
            sums[name] = sums.get(name, 0.0) + value
        state.average.update(state.model)
        state.step += 1
        progress(f"epoch {state.epoch + 1}/{optimisation.epochs}", done, steps)
    state.epoch += 1
    state.seconds += time.perf_counter() - started
    row = {name: value / steps for name, value in sums.items()}
    return row | {"lr": state.optimiser.param_groups[0]["lr"], "seconds": state.seconds}


def _train_step(task: TrainingTask, state: _RunState, batch: Any, optimisation: Optimisation) -> dict[str, float]:
    state.model.train()
    device = next(state.model.parameters()).device
    with torch.autocast(device.type, torch.bfloat16, enabled=optimisation.precision == "bf16"):
        terms = task.loss(state.model, _moved(batch, device))
    state.optimiser.zero_grad(set_to_none=True)
    terms["total"].backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(_learned(task, state), optimisation.clip_norm)
    if not torch.isfinite(norm):
        raise ModelError(f"the gradient is {norm.item()}; lower the learning rate in the recipe")
    state.optimiser.step()
    return {f"loss_{name}": value.item() for name, value in terms.items()}


def _learned(task: TrainingTask, state: _RunState) -> list[nn.Parameter]:
    return [*state.model.parameters(), *task.loss_module.parameters()]


def _moved(value: Any, device: torch.device) -> Any:
    """A batch, whatever it is made of, on the device."""
    if isinstance(value, list | tuple):
        return type(value)(_moved(part, device) for part in value)
    return value.to(device)
