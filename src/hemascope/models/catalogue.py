"""What the registry holds, for people to choose from."""

from dataclasses import dataclass
from typing import get_args

import torch

from hemascope.models._registry import Task, create_model, list_models


@dataclass(frozen=True, slots=True)
class NetworkSummary:
    """A network with its default options; `parameters` as built for one class."""

    name: str
    task: Task
    parameters: int


def describe_networks() -> list[NetworkSummary]:
    """Every registered network, by task and name. Each is built on the device `meta`, where weights take no memory."""
    with torch.device("meta"):
        return [
            NetworkSummary(name, task, _parameters(name, task)) for task in get_args(Task) for name in list_models(task)
        ]


def _parameters(name: str, task: Task) -> int:
    return sum(parameter.numel() for parameter in create_model(name, task=task, num_classes=1).parameters())
