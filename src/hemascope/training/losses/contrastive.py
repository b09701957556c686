"""Contrastive loss of a classifier's features (Sun et al. 2022, eq. 14; thesis eq. 5.14)."""

import torch
from torch import Tensor
from torch.nn import functional


def contrastive_loss(features: Tensor, labels: Tensor, threshold: float = 0.4) -> Tensor:
    """Mean over all N^2 ordered pairs of a batch: `1 - cos` in one class, `max(cos - threshold, 0)` across classes.

    Features `(N, D)`, labels `(N,)`. The cosine is computed in float32 also under autocast; a feature of zeros has
    cosine 0 to every other.
    """
    with torch.autocast(features.device.type, enabled=False):
        directions = functional.normalize(features.float(), dim=1)
        cosine = directions @ directions.T
        same = labels[:, None] == labels[None, :]
        return torch.where(same, 1 - cosine, (cosine - threshold).clamp(min=0)).mean()
