"""Hard-mining centre-triplet loss (Ma et al. 2020, eq. 8 to 10)."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class CentreTripletLoss(nn.Module):
    """Pushes the sample farthest from its class centre nearer to it than the nearest sample of another class.

    `L = max(0, |f_i - c|^2 + margin - min_j |f_j - c|^2)` with i the sample farthest from its own centre, c that
    centre, j over the samples of other classes. The centres `(classes, D)` are learnt with the network: give the
    parameters of this module to the optimiser. With `normalise` features are brought to length 1
    first, so that squared distances lie between 0 and 4 while the centres are near the sphere, where they start.
    """

    def __init__(self, num_classes: int, feature_size: int, margin: float = 1.0, *, normalise: bool = True) -> None:
        super().__init__()
        self.centres = nn.Parameter(functional.normalize(torch.randn(num_classes, feature_size)))
        self.margin = margin
        self.normalise = normalise

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """`features (B, D)` in float32 from here on, `labels (B,)` class ids; a batch of one class gives 0."""
        features = features.float()
        if self.normalise:
            features = functional.normalize(features)
        own = (features - self.centres[labels]).square().sum(dim=1)
        hardest = own.argmax()
        others = features[labels != labels[hardest]]
        if len(others) == 0:
            return 0 * own.sum()  # with a gradient, so that a step may be made
        nearest = (others - self.centres[labels[hardest]]).square().sum(dim=1).min()
        return functional.relu(own[hardest] + self.margin - nearest)
