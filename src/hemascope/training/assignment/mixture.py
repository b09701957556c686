"""Two Gaussians on a line, fitted to many small samples at once."""

from dataclasses import dataclass

import torch
from torch import Tensor

ITERATIONS = 30
VARIANCE_FLOOR = 1e-6  # in units of the sample's range squared; keeps a component on one value from collapsing
_TINY = 10 * torch.finfo(torch.float64).eps


@dataclass(frozen=True, slots=True)
class TwoGaussians:
    """One mixture a row, parameters `(G, 2)` float64; a component's weight is its share of the values."""

    weights: Tensor
    means: Tensor
    variances: Tensor


def fit_two_gaussians(values: Tensor, valid: Tensor) -> TwoGaussians:
    """Expectation-maximisation (thesis eq. 4.6 to 4.8) for every row of `values (G, K)` where `valid (G, K)`.

    Starts with one component at the smallest value, one at the largest, and the variance of all values. Rows are
    scaled to 0..1 meanwhile, so that scores of an untrained network, all near 0, are told apart too. Equal values
    give two equal components; a row without values gives finite parameters that mean nothing.
    """
    values, inside = values.double(), valid.double()
    count = inside.sum(dim=1, keepdim=True).clamp(min=1)  # (G, 1)
    low = values.masked_fill(~valid, torch.inf).amin(dim=1, keepdim=True).nan_to_num(posinf=0.0)
    span = values.masked_fill(~valid, -torch.inf).amax(dim=1, keepdim=True).nan_to_num(neginf=0.0) - low
    scale = torch.where(span > 0, span, 1.0)
    x = ((values - low) / scale * inside)[..., None]  # (G, K, 1)
    inside = inside[..., None]
    middle = x.sum(dim=1) / count
    variances = ((x - middle[:, None]).square() * inside).sum(dim=1).expand(-1, 2) / count + VARIANCE_FLOOR
    means = torch.cat([torch.zeros_like(span), span / scale], dim=1)
    weights = torch.full_like(means, 0.5)
    for _ in range(ITERATIONS):
        log_density = weights.log() - 0.5 * variances.log()  # the constant of both components is left out
        exponent = (x - means[:, None]).square() / (2 * variances[:, None])
        share = (log_density[:, None] - exponent).softmax(dim=-1) * inside  # (G, K, 2), eq. 4.7
        mass = share.sum(dim=1) + _TINY
        weights = mass / count
        means = (share * x).sum(dim=1) / mass
        variances = (share * (x - means[:, None]).square()).sum(dim=1) / mass + VARIANCE_FLOOR
    return TwoGaussians(weights, low + means * scale, variances * scale.square())
