"""The file a run resumes from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from hemascope.errors import ModelError

FILE_NAME = "last.pt"


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
    except Exception as error:
        raise ModelError(f"{path} is no checkpoint of 'hemascope train': {error}") from error
