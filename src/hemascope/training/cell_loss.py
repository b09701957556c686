"""What a classifier makes small: a loss of the logits and, where the recipe wants them, two of the features."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from hemascope.core.boxes import IntArray
from hemascope.training.losses.centre_triplet import CentreTripletLoss
from hemascope.training.losses.contrastive import contrastive_loss
from hemascope.training.losses.poly_focal import inverse_frequency_weights, poly_focal_loss
from hemascope.training.normalisation import normalise_images
from hemascope.training.recipe import ClassificationRecipe


class CellLoss(nn.Module):
    """`class_counts` `(classes,)` are those of an epoch; class centres are learned parameters of this module.
    `candidates` `(labels, classes)`: which classes each label may be, where there are labels besides the classes.

    Raises DatasetError where classes are to be weighted by their frequency and one has no image.
    """

    candidates: Tensor

    def __init__(
        self,
        recipe: ClassificationRecipe,
        class_counts: IntArray,
        features: int,
        candidates: NDArray[np.bool_] | None = None,
    ) -> None:
        super().__init__()
        self.settings = recipe.loss
        self.mixup_alpha = recipe.augmentation.mixup
        self.label_smoothing = recipe.augmentation.label_smoothing
        self.classes = len(class_counts)
        weighted = recipe.data.balance.class_weights or self.settings.kind == "poly_focal"
        weights = inverse_frequency_weights(torch.from_numpy(class_counts)) if weighted else None
        self.class_weights: Tensor | None
        self.register_buffer("class_weights", weights, persistent=False)  # made anew from the data
        known = torch.eye(self.classes) if candidates is None else torch.from_numpy(candidates).float()
        self.register_buffer("candidates", known, persistent=False)
        self.centre_triplet = None
        if self.settings.centre_triplet_weight > 0:
            margin = self.settings.centre_triplet_margin
            self.centre_triplet = CentreTripletLoss(self.classes, features, margin)

    def forward(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Images `(B, H, W, 3)` uint8 and labels `(B,)` to the terms of the loss and their `total`."""
        images, labels = normalise_images(batch[0]), batch[1]
        target = self.candidates[labels]
        if len(self.candidates) > self.classes:
            return {"total": self._of_candidates(network, images, target)}
        if self.mixup_alpha > 0:
            share, other = self._mixing(len(target))
            images, target = (share * x + (1 - share) * x[other] for x in (images, target))
        logits, features = network(images)
        settings = self.settings
        total = self._of_logits(logits, target)
        terms: dict[str, Tensor] = {settings.kind: total}
        if settings.contrastive_weight > 0:
            terms["contrastive"] = contrastive_loss(features, labels, settings.contrastive_margin)
            total = total + settings.contrastive_weight * terms["contrastive"]
        if self.centre_triplet is not None:
            terms["centre_triplet"] = self.centre_triplet(features, labels)
            total = total + settings.centre_triplet_weight * terms["centre_triplet"]
        return {"total": total} if len(terms) == 1 else {"total": total, **terms}

    def _of_logits(self, logits: Tensor, target: Tensor) -> Tensor:
        if self.settings.kind == "poly_focal":
            shares = target * (1 - self.label_smoothing) + self.label_smoothing / self.classes
            return poly_focal_loss(logits, shares, self.settings.gamma, self.class_weights)
        return functional.cross_entropy(logits, target, self.class_weights, label_smoothing=self.label_smoothing)

    def _of_candidates(self, network: nn.Module, images: Tensor, candidates: Tensor) -> Tensor:
        """Minus the logarithm of what all classes together have that the cell may be (Jin and Ghahramani 2002, without
        weights); cross-entropy where that is one class. Mixup takes it of both cells.
        """
        if self.mixup_alpha == 0:
            return candidate_loss(network(images)[0], candidates, self.label_smoothing)
        share, other = self._mixing(len(images))
        logits = network(share * images + (1 - share) * images[other])[0]
        own = candidate_loss(logits, candidates, self.label_smoothing)
        return share * own + (1 - share) * candidate_loss(logits, candidates[other], self.label_smoothing)

    def _mixing(self, count: int) -> tuple[float, Tensor]:
        """Mixup (Zhang et al. 2018): the share of the first cells, and the order of those they are blended with."""
        share = torch.distributions.Beta(self.mixup_alpha, self.mixup_alpha).sample().item()  # the epoch's own numbers
        return share, torch.randperm(count)


def candidate_loss(logits: Tensor, candidates: Tensor, label_smoothing: float) -> Tensor:
    """Mean over the batch of -log of the sum of the candidates' probabilities; `candidates` `(B, classes)` are 0 or 1.

    `label_smoothing` (0..1) of it is taken from the mean over all classes instead, as PyTorch's cross-entropy does.
    """
    log_shares = logits.float().log_softmax(dim=1)
    known = -log_shares.masked_fill(candidates == 0, -torch.inf).logsumexp(dim=1)
    return ((1 - label_smoothing) * known - label_smoothing * log_shares.mean(dim=1)).mean()


def feature_size(model: nn.Module, recipe: ClassificationRecipe) -> int:
    """Length of the features that the network gives for one image; measured where the loss needs them."""
    if recipe.loss.centre_triplet_weight == 0:
        return 0
    side = recipe.input_size
    was_training = model.training
    with torch.no_grad():
        size: int = model.eval()(torch.zeros(1, 3, side, side))[1].shape[1]
    model.train(was_training)
    return size
