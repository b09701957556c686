"""Settings of a bundle that are read off the validation part: never off test data."""

import numpy as np

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.core.manifest import ClassificationSettings, DetectionSettings
from hemascope.core.metrics.calibration import fit_temperature
from hemascope.errors import ModelError
from hemascope.evaluation.detection import DetectionEvaluation
from hemascope.inference.classifier import ClassifiedCells

OUTLIER_SHARE = 0.01  # of validation cells that may fall under the out-of-distribution limit
ACCEPTED_ERROR = 0.10  # share of wrong classes tolerated among identified cells


def detection_thresholds(evaluation: DetectionEvaluation, settings: DetectionSettings) -> DetectionSettings:
    """Each class is reported from the score at which its F1 (IoU 0.5) is best.

    Raises ModelError for a class that the validation images lack or of which no cell is found: any score would do.
    """
    overall = [r for r in evaluation.rows if r.source == "all"]
    for r in overall:
        if not r.best_f1 > 0:
            raise ModelError(
                f"no '{r.class_id}' is found where the validation images have {r.truths}: no threshold can be chosen; "
                "train longer, or validate on images that have the class"
            )
    best = {r.class_id: round(r.best_threshold, 3) for r in overall}
    return settings.model_copy(update={"class_thresholds": best, "score_threshold": min(best.values())})


def classification_thresholds(
    logits: FloatArray, labels: IntArray, settings: ClassificationSettings, classes: tuple[str, ...]
) -> ClassificationSettings:
    """Temperature of least log-likelihood, then the lowest probability at which few identified cells are wrong.

    The out-of-distribution limit is the log-sum-exp that `OUTLIER_SHARE` of the validation cells fall under.
    """
    settings = settings.model_copy(update={"temperature": round(fit_temperature(logits, labels), 4)})
    cells = ClassifiedCells.from_logits(logits, settings, classes)
    confidence = cells.probabilities.max(axis=1)
    is_wrong = cells.probabilities.argmax(axis=1) != labels
    order = np.argsort(-confidence, kind="stable")
    error = np.cumsum(is_wrong[order]) / np.arange(1, len(order) + 1)
    accepted = np.flatnonzero(error <= ACCEPTED_ERROR)
    limit = float(confidence[order[accepted[-1]]]) if len(accepted) else 1.0
    return settings.model_copy(
        update={
            "min_probability": round(min(limit, 1.0), 4),
            "min_logsumexp": round(float(np.quantile(cells.logsumexp, OUTLIER_SHARE)), 4),
        }
    )
