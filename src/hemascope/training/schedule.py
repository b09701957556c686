"""Learning rate over a run, and the average of the weights that is kept."""

import copy
import math

import torch
from torch import Tensor, nn

from hemascope.training.recipe import Optimisation


def lr_factor(step: int, total_steps: int, optimisation: Optimisation) -> float:
    """Share of the base rate at `step` (0-based): linear warm-up, then the cosine or the steps of the recipe."""
    if step < optimisation.warmup_steps:
        return (step + 1) / optimisation.warmup_steps
    if optimisation.schedule == "steps":
        finished_epochs = step * optimisation.epochs // total_steps
        return float(optimisation.step_factor ** sum(finished_epochs >= m for m in optimisation.milestones))
    progress = (step - optimisation.warmup_steps) / max(1, total_steps - optimisation.warmup_steps)
    floor = optimisation.final_lr_factor
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


class WeightAverage:
    """Exponential moving average of a model's weights and buffers; young averages follow faster."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move towards `model` by 1 - decay; integer buffers are copied."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        current: dict[str, Tensor] = model.state_dict()
        for name, average in self.model.state_dict().items():
            if average.dtype.is_floating_point:
                average.lerp_(current[name], 1 - decay)
            else:
                average.copy_(current[name])
