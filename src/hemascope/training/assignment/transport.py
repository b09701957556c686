"""Entropic optimal transport where most routes are closed."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Routes:
    """R open routes, each from a supplier to a demand; every demand has at least one, and so has every supplier."""

    supplier: Tensor  # (R,) long
    demand: Tensor  # (R,) long
    cost: Tensor  # (R,)


def sinkhorn_plan(routes: Routes, supply: Tensor, demands: int, *, epsilon: float, iterations: int) -> Tensor:
    """Amount on each route `(R,)` that brings `supply (S,)` to demands of one each at the least cost.

    Sinkhorn-Knopp (Cuturi 2013; thesis eq. 4.9 to 4.14). The supplies are not negative and sum to `demands`. Potentials
    are kept as logarithms, so that costs of thousands of epsilons neither overflow nor vanish. Every demand is met
    exactly, the supplies as closely as `iterations` allow.
    """
    score = -routes.cost / epsilon
    wanted = supply.log()
    u, v = torch.zeros_like(wanted), score.new_zeros(demands)
    for _ in range(iterations):
        u = wanted - _logsumexp(score + v[routes.demand], routes.supplier, len(supply))
        v = -_logsumexp(score + u[routes.supplier], routes.demand, demands)
    return (score + u[routes.supplier] + v[routes.demand]).exp()


def _logsumexp(values: Tensor, group: Tensor, groups: int) -> Tensor:
    """log of the sum of exp `(groups,)` over the `values (R,)` of each group; every group has a finite one."""
    top = values.new_full((groups,), -torch.inf).scatter_reduce_(0, group, values, "amax")
    total = values.new_zeros(groups).index_add_(0, group, (values - top[group]).exp_())
    return total.log_() + top
