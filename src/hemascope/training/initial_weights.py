"""Weights of an earlier run as the start of a new one."""

from pathlib import Path

from torch import nn

from hemascope.errors import ModelError
from hemascope.training.checkpoint import FILE_NAME, checkpoint_recipe, load_checkpoint, run_id

_BACKBONE = "backbone."  # attribute of every network of ours that holds its backbone


def load_initial_weights(model: nn.Module, classes: tuple[str, ...], run: Path) -> str:
    """Copy the averaged weights of a run into the model; returns the run's id. Raises ModelError where they differ."""
    path = run / FILE_NAME
    saved = load_checkpoint(path)
    if saved.classes != classes:
        raise ModelError(f"{run} was trained for the classes {saved.classes}, this recipe's data has {classes}")
    try:
        model.load_state_dict(saved.average)
    except RuntimeError as error:
        raise ModelError(f"{run} holds another network than the recipe asks for: {error}") from error
    return run_id(run, checkpoint_recipe(saved, path), saved)


def load_initial_backbone(model: nn.Module, run: Path) -> str:
    """Copy only the backbone's averaged weights, whatever the run's task and heads; returns the run's id.

    Raises ModelError where the run or the model has no backbone, or another one.
    """
    path = run / FILE_NAME
    saved = load_checkpoint(path)
    weights = {name.removeprefix(_BACKBONE): w for name, w in saved.average.items() if name.startswith(_BACKBONE)}
    backbone = model.backbone_module() if hasattr(model, "backbone_module") else None  # type: ignore[operator]
    if backbone is None or not weights:
        raise ModelError(f"the backbone of {run} cannot be used: {'it' if not weights else 'the recipe'} has none")
    try:
        backbone.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError(f"{run} has another backbone than the recipe's network: {error}") from error
    return f"backbone-of-{run_id(run, checkpoint_recipe(saved, path), saved)}"
