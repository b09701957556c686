"""The optimiser that a recipe names."""

from typing import Any

import torch
from torch import nn

from hemascope.training.recipe import Optimisation


def make_optimiser(model: nn.Module, loss: nn.Module, optimisation: Optimisation) -> torch.optim.Optimizer:
    """AdamW or SGD over the weights of the network and of its loss; class centres and such are not decayed."""
    groups = _weight_groups(model, optimisation.weight_decay)
    learned_by_loss = list(loss.parameters())
    if learned_by_loss:
        groups.append({"params": learned_by_loss, "weight_decay": 0.0})
    if optimisation.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=optimisation.lr, momentum=optimisation.momentum)
    return torch.optim.AdamW(groups, lr=optimisation.lr)


def _weight_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for kernels only: norms and biases have one dimension."""
    kernels = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
