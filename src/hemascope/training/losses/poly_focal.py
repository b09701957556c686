"""PolyFocal: focal loss with a first polynomial term weighted by class (EfficientNet-DSP 2026, eq. 11)."""

from torch import Tensor
from torch.nn import functional

from hemascope.errors import DatasetError

_LEAST_MISS = 1e-12  # the slope of (1 - p)^g is infinite at p = 1 where g is below 1


def poly_focal_loss(logits: Tensor, labels: Tensor, gamma: float = 2.0, class_weights: Tensor | None = None) -> Tensor:
    """Mean of `-(1 - p)^g log p + w g (1 - p)^(g + 1)` over the batch; p is the probability of the true class.

    `logits (B, classes)` are taken in float32. `labels` are class ids `(B,)`, or shares `(B, classes)` that sum to 1
    (mixup, label smoothing): then the loss of each class counts by its share. `class_weights (classes,)` are w, 1 for
    all by default; with w = 0 this is the focal loss (Lin et al. 2017) and with g = 0 the cross-entropy, whatever w is.
    """
    log_p = functional.log_softmax(logits.float(), dim=1)
    shares = functional.one_hot(labels, logits.shape[1]) if labels.ndim == 1 else labels
    miss = (-log_p.expm1()).clamp(min=_LEAST_MISS)  # 1 - p without losing the digits of a p near 1
    weights = 1.0 if class_weights is None else class_weights.to(log_p)
    of_class = -(miss**gamma) * log_p + weights * gamma * miss ** (gamma + 1)
    return (shares * of_class).sum(dim=1).mean()


def inverse_frequency_weights(counts: Tensor) -> Tensor:
    """Class weights `(classes,)` in proportion to 1 / count, with mean 1.

    The paper speaks of a weight by the number of samples; here rare classes weigh more, which is its purpose. Raises
    DatasetError for a class without a sample.
    """
    if (counts <= 0).any():
        raise DatasetError(f"each class needs an image to be weighted by its frequency; counts: {counts.tolist()}")
    inverse = 1 / counts.float()
    return inverse / inverse.mean()
