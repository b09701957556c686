"""All that a classifier's manifest says about its outputs, read off the validation cells."""

import hashlib
from dataclasses import asdict, replace

from hemascope.core.boxes import FloatArray
from hemascope.core.feature_distribution import FeatureDistribution
from hemascope.core.manifest import ClassificationSettings, FeatureCheck
from hemascope.evaluation.classification import ClassificationEvaluation
from hemascope.evaluation.held_out import measure_held_out
from hemascope.evaluation.thresholds import ToleratedErrors, classification_thresholds, distance_limit
from hemascope.inference.classifier import ClassifiedCells
from hemascope.inference.feature_file import FEATURE_FILE, feature_bytes

WITHHELD_ELSEWHERE = 0.05  # boxes of other laboratories hold cut and mislabelled cells, too


def fit_settings(
    measured: ClassificationEvaluation,
    known: FeatureDistribution | None,
    tolerated: ToleratedErrors,
    detected: ClassificationEvaluation | None = None,
    elsewhere: FloatArray | None = None,
) -> ClassificationSettings:
    """Temperature, thresholds, sets and feature check of validation cells that no setting has touched yet.

    The feature check takes the place of the log-sum-exp limit: it tells blasts and smudge cells better, see
    results/out-of-distribution. Crops around `detected` boxes of the cells lie a little farther from the classes; where
    they are given the check lets through as many of those. Cells of other laboratories lie farther still: of theirs,
    with features `elsewhere` `(n, dimensions)`, all but `WITHHELD_ELSEWHERE` pass. Without `known` features the
    log-sum-exp limit stays.
    """
    settings = classification_thresholds(
        measured.logits, measured.labels, measured.settings, measured.classes, tolerated
    )
    if known is None:
        return settings
    crops = [one.cells.features for one in (measured, detected) if one is not None]
    limits = [distance_limit(known.distances(features)) for features in crops]
    if elsewhere is not None:
        limits.append(distance_limit(known.distances(elsewhere), WITHHELD_ELSEWHERE))
    check = FeatureCheck(
        file=FEATURE_FILE,
        sha256=hashlib.sha256(feature_bytes(known)).hexdigest(),
        max_distance=max(limits),
    )
    return settings.model_copy(update={"feature_check": check, "min_logsumexp": None})


def judge(
    measured: ClassificationEvaluation, settings: ClassificationSettings, known: FeatureDistribution | None
) -> ClassificationEvaluation:
    """The same cells as they are served with the settings."""
    logits, features = measured.logits, measured.cells.features
    cells = ClassifiedCells.from_outputs(logits[None], features[None], settings, measured.classes, known)
    return replace(measured, cells=cells, settings=settings)


def figures_of(served: ClassificationEvaluation, tolerated: ToleratedErrors) -> dict[str, float]:
    """The headline, and what settings are worth that were fitted on other cells."""
    held_out = measure_held_out(served, tolerated=tolerated)
    if held_out is None:
        return served.headline()
    return served.headline() | {f"held_out_{name}": value for name, value in asdict(held_out.figures).items()}
