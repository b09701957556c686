"""What withholding unsure answers buys (El-Yaniv and Wiener 2010, Geifman and El-Yaniv 2017)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """A point for every different confidence, from the surest cells to all of them `(points,)`."""

    confidence: _Floats  # the least that is accepted at this point
    coverage: _Floats  # share of cells that are accepted
    risk: _Floats  # share of wrong ones among them

    @property
    def area(self) -> float:
        """AURC: the risk averaged over coverage from 0 to 1, lower is better; NaN without cells."""
        steps = np.diff(self.coverage, prepend=0)
        return float(steps @ self.risk) if len(steps) else float("nan")

    def threshold(self, tolerated_error: float) -> float:
        """The confidence that accepts most cells while at most `tolerated_error` of them are wrong; 1 where none does.

        A limit of 1 accepts what is certain only.
        """
        accepted = np.flatnonzero(self.risk <= tolerated_error)
        return float(self.confidence[accepted[-1]]) if len(accepted) else 1.0


def risk_coverage(confidence: FloatArray | _Floats, is_right: NDArray[np.bool_]) -> RiskCoverage:
    """Of cells with a `confidence` `(n,)` and whether their name is right `(n,)`; equal confidences go together."""
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order].astype(np.float64)
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1) if len(ordered) else np.zeros(0, np.int64)
    wrong = np.cumsum(~is_right[order])[ends]
    return RiskCoverage(ordered[ends], (ends + 1) / max(len(ordered), 1), wrong / (ends + 1))
