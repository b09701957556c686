"""The file a run resumes from."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from hemascope.errors import ModelError
from hemascope.training.recipe import AnyRecipe, parse_recipe, recipe_digest

FILE_NAME = "last.pt"
_DETECTOR_KEYS = frozenset({"classes", "train_fields", "painted_fields"})


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State after `epoch` whole epochs; random numbers need no state because each item seeds its own."""

    recipe: dict[str, Any]
    classes: tuple[str, ...]
    epoch: int
    step: int
    model: dict[str, Any]
    average: dict[str, Any]
    average_updates: int
    optimiser: dict[str, Any]
    seconds: float  # training time so far
    loss: dict[str, Any] = field(default_factory=dict)  # what the loss has learned
    initial_run: str | None = None  # id of the run whose weights it started from


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write whole or not at all: a kill while writing leaves the file before it."""
    partial = path.with_suffix(".partial")
    torch.save({name: getattr(checkpoint, name) for name in Checkpoint.__slots__}, partial)
    partial.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Raises ModelError when the file is missing, damaged or no checkpoint."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        return Checkpoint(**content)
    except FileNotFoundError as error:
        raise ModelError(f"{path} does not exist; give a run folder made by 'hemascope train'") from error
    except Exception as error:  # a damaged file makes torch.load raise almost anything
        raise ModelError(f"{path} is no checkpoint of 'hemascope train': {error}") from error


def checkpoint_recipe(checkpoint: Checkpoint, path: Path) -> AnyRecipe:
    """The recipe it was trained with; fields that are newer than the file have their defaults."""
    content = checkpoint.recipe
    if content["task"] == "classification":  # before 0.3 these named what only detectors have
        content = content | {"data": {k: v for k, v in content["data"].items() if k not in _DETECTOR_KEYS}}
    return parse_recipe(content, str(path))


def run_id(folder: Path, recipe: AnyRecipe, checkpoint: Checkpoint) -> str:
    """Folder name, seed, digest of the recipe and epochs, then the id of the run it started from."""
    own = f"{folder.resolve().name}-seed{recipe.seed}-{recipe_digest(recipe)}-epoch{checkpoint.epoch}"
    return own if checkpoint.initial_run is None else f"{own}-from-{checkpoint.initial_run}"
