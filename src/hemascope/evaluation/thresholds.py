"""Settings of a bundle that are read off the validation part: never off test data."""

import math
from dataclasses import dataclass

import numpy as np

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.core.manifest import ClassificationSettings, ConformalSets, DetectionSettings
from hemascope.core.metrics.calibration import fit_temperature
from hemascope.core.metrics.conformal import conformal_quantiles
from hemascope.core.metrics.selective import risk_coverage
from hemascope.errors import ModelError
from hemascope.evaluation.detection import DetectionEvaluation
from hemascope.inference.classifier import ClassifiedCells

F1_TOLERANCE = 0.005  # what a detector's F1 may lose for a lower score threshold
OUTLIER_SHARE = 0.01  # of validation cells that may fall under the out-of-distribution limit
LEAST_CELLS = 20  # that must be named as a class before it has a threshold of its own
SET_COVERAGE = 0.95  # share of conformal sets that hold the true class


@dataclass(frozen=True, slots=True)
class ToleratedErrors:
    """Shares of wrong names that a classifier may give away before it withholds them."""

    overall: float = 0.10  # of all identified cells
    by_class: float = 0.15  # of those named as one class


DEFAULT_TOLERANCE = ToleratedErrors()


def detection_thresholds(evaluation: DetectionEvaluation, settings: DetectionSettings) -> DetectionSettings:
    """Each class is reported from the lowest score at which its F1 (IoU 0.5) is within `F1_TOLERANCE` of the best.

    Cells of other laboratories score lower than those of the validation part, where F1 is flat about its best. Raises
    ModelError for a class that the validation images lack or of which no cell is found: any score would do.
    """
    overall = [r for r in evaluation.rows if r.source == "all"]
    for r in overall:
        if not r.best_f1 > 0:
            raise ModelError(
                f"no '{r.class_id}' is found where the validation images have {r.truths}: no threshold can be chosen; "
                "train longer, or validate on images that have the class"
            )
    lowest = {r.class_id: _floor(evaluation.matches(r.class_id).best_f1(0.5, F1_TOLERANCE)[0]) for r in overall}
    return settings.model_copy(update={"class_thresholds": lowest, "score_threshold": min(lowest.values())})


def classification_thresholds(
    logits: FloatArray,
    labels: IntArray,
    settings: ClassificationSettings,
    classes: tuple[str, ...],
    tolerated: ToleratedErrors = DEFAULT_TOLERANCE,
    coverage: float = SET_COVERAGE,
) -> ClassificationSettings:
    """Temperature of least log-likelihood, then the lowest probability at which few identified cells are wrong.

    A class has a higher threshold of its own where more than `tolerated.by_class` of the cells named so would be
    wrong. The out-of-distribution limit is the log-sum-exp that `OUTLIER_SHARE` of the validation cells fall under.
    Sets of classes hold the true one with the given coverage. `logits` `(n, classes)`, `labels` `(n,)`.
    """
    settings = settings.model_copy(update={"temperature": round(fit_temperature(logits, labels), 4)})
    cells = ClassifiedCells.from_logits(logits, settings, classes)
    confidence, predicted = cells.probabilities.max(axis=1), cells.probabilities.argmax(axis=1)
    is_right = predicted == labels
    limit = _floor(risk_coverage(confidence, is_right).threshold(tolerated.overall))
    own = {}
    for index, name in enumerate(classes):
        named = (predicted == index) & (confidence >= limit)
        if named.sum() >= LEAST_CELLS and (~is_right[named]).mean() > tolerated.by_class:
            own[name] = _floor(risk_coverage(confidence[named], is_right[named]).threshold(tolerated.by_class))
    quantiles = conformal_quantiles(cells.probabilities, labels, coverage)
    return settings.model_copy(
        update={
            "min_probability": limit,
            "class_thresholds": own,
            "min_logsumexp": round(float(np.quantile(cells.logsumexp, OUTLIER_SHARE)), 4),
            "conformal": ConformalSets(
                coverage=coverage,
                quantiles={name: -_floor(-q) for name, q in zip(classes, quantiles.tolist(), strict=True)},
            ),
        }
    )


def distance_limit(distances: FloatArray, withheld: float = OUTLIER_SHARE) -> float:
    """The distance to the nearest class that the share `withheld` of the cells `(n,)` exceeds."""
    return round(float(np.quantile(distances, 1 - withheld)), 4)


def _floor(value: float) -> float:
    """To four digits, downwards: the cell that a limit was read off must not fall under it."""
    return math.floor(value * 1e4) / 1e4
