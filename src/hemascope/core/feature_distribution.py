"""Where the features of known cells lie: a cell far from every class is like none that was learned."""

from dataclasses import dataclass

import numpy as np

from hemascope.core.boxes import FloatArray


@dataclass(frozen=True, slots=True)
class FeatureDistribution:
    """One Gaussian a class with a covariance they share.

    `means` `(classes, dimensions)`; `whitening` `(dimensions, dimensions)` is a square root `W` of the precision, the
    inverse covariance: `W @ W.T`. Raises ValueError when the shapes disagree or a number is not finite.
    """

    means: FloatArray
    whitening: FloatArray

    def __post_init__(self) -> None:
        dimensions = self.means.shape[-1]
        if self.means.ndim != 2 or self.whitening.shape != (dimensions, dimensions):
            raise ValueError(
                f"means {self.means.shape} and whitening {self.whitening.shape}: expected (c, d) and (d, d)"
            )
        if not (np.isfinite(self.means).all() and np.isfinite(self.whitening).all()):
            raise ValueError("the means or the whitening hold a number that is not finite")

    def distances(self, features: FloatArray) -> FloatArray:
        """Mahalanobis distance of each row `(n, dimensions)` to the nearest class mean `(n,)` (Lee et al. 2018, eq. 2).

        Raises ValueError for features of other dimensions.
        """
        if features.shape[1:] != self.means.shape[1:]:
            raise ValueError(f"features {features.shape} do not fit class means {self.means.shape}")
        offsets = features @ self.whitening
        centres = self.means @ self.whitening
        squares = [((offsets - centre) ** 2).sum(axis=1) for centre in centres]  # class by class: little memory
        nearest: FloatArray = np.sqrt(np.min(squares, axis=0))
        return nearest
