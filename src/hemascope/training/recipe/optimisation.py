"""How the weights are found."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hemascope.training.recipe.values import Fraction, Frozen, NotNegative, Positive


class Optimisation(Frozen):
    """Linear warm-up, then cosine or steps; an exponential moving average of the weights is what is kept."""

    optimiser: Literal["adamw", "sgd"] = "adamw"
    """AdamW (with `weight_decay: 0` plain Adam), or stochastic gradient descent with momentum"""
    momentum: Fraction = 0.9
    """sgd: share of the last step that goes into the next"""
    epochs: Positive
    """passes over the training part"""
    batch_size: Positive
    """images a step; the rest of an epoch that fills no batch is left out"""
    lr: Annotated[float, Field(gt=0)]
    """learning rate after the warm-up"""
    weight_decay: NotNegative = 0.05
    """of kernels; norms and biases have none"""
    warmup_steps: Annotated[int, Field(ge=0)] = 200
    """steps in which the rate rises from 0 to `lr`"""
    schedule: Literal["cosine", "steps"] = "cosine"
    """after the warm-up: a cosine down to `final_lr_factor`, or a fall after each of the `milestones`"""
    final_lr_factor: Fraction = 0.01
    """cosine: share of `lr` that is left at the end"""
    milestones: tuple[Positive, ...] = ()
    """steps: numbers of finished epochs after which the rate falls"""
    step_factor: Fraction = 0.1
    """steps: what the rate is multiplied by at each milestone"""
    clip_norm: Annotated[float, Field(gt=0)] = 10.0
    """longest gradient; a longer one is shortened to it"""
    ema_decay: Fraction = 0.999
    """share of the averaged weights that survives a step; young averages follow faster; 0 keeps the last weights"""
    validate_every: Positive = 5
    """epochs; the last epoch is always measured"""
    precision: Literal["fp32", "bf16"] = "fp32"
    """number format of the network's layers while training; bf16 is faster on processors that have it"""

    @model_validator(mode="after")
    def _milestones_fit(self) -> Self:
        if (self.schedule == "steps") != bool(self.milestones):
            raise ValueError(f"schedule '{self.schedule}' with the milestones {list(self.milestones)}: steps need them")
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError(f"milestones {list(self.milestones)}: expected rising numbers of epochs")
        return self
