"""The figures of a study of classifiers, from what its runs said of the same cells."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.core.metrics.calibration import expected_calibration_error, fit_temperature, softmax
from hemascope.core.metrics.classification import accuracy, confusion_matrix, macro_f1, merge_classes
from hemascope.core.metrics.paired import BootstrapInterval, McNemar, cluster_bootstrap, mcnemar_test
from hemascope.hematology.comparison import cohen_kappa
from hemascope.hematology.taxonomy import TAXONOMY, coarse_class
from hemascope.studies.predictions import Predictions

_LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True, slots=True)
class CellFigures:
    """NaN where there is no such figure: classes without coarse ones, chance alone in kappa."""

    accuracy: float
    macro_f1: float
    kappa: float
    accuracy_coarse: float
    ece: float
    ece_scaled: float  # after a temperature that was fitted on other cells


def cell_figures(predictions: Predictions) -> CellFigures:
    """Over all cells together, whichever fold they were in."""
    classes, labels, predicted = predictions.classes, predictions.labels, predictions.predicted
    confusion = confusion_matrix(labels, predicted, len(classes))
    kappa = cohen_kappa([classes[i] for i in labels], [classes[i] for i in predicted]).kappa
    return CellFigures(
        accuracy=accuracy(confusion),
        macro_f1=macro_f1(confusion),
        kappa=float("nan") if kappa is None else float(kappa),
        accuracy_coarse=_coarse_accuracy(confusion, classes),
        ece=expected_calibration_error(predictions.probabilities, labels),
        ece_scaled=expected_calibration_error(scaled_probabilities(predictions), labels),
    )


def scaled_probabilities(predictions: Predictions) -> NDArray[np.float64]:
    """Each fold's probabilities after the temperature of the other folds; without folds, of the other half of groups.

    So no cell takes part in choosing its own temperature.
    """
    parts = predictions.folds
    if len(set(parts.tolist())) == 1:
        _, group = np.unique(np.array(predictions.groups, np.str_), return_inverse=True)
        parts = group % 2
    logits = np.log(np.maximum(predictions.probabilities, _LEAST_PROBABILITY)).astype(np.float32)
    scaled = predictions.probabilities.copy()
    for part in set(parts.tolist()):
        own, others = parts == part, parts != part
        if others.any():
            temperature = fit_temperature(logits[others], predictions.labels[others])
            scaled[own] = softmax(logits[own] / np.float32(temperature))
    return scaled


def accuracy_interval(seeds: Sequence[Predictions]) -> BootstrapInterval:
    """95 % limits of the mean accuracy over seeds, on the same cells, when whole groups are drawn again."""
    share_right = np.mean([predictions.is_right for predictions in seeds], axis=0)
    return cluster_bootstrap(lambda rows: float(share_right[rows].mean()), seeds[0].groups)


def compare(first: Predictions, second: Predictions) -> McNemar | None:
    """None where the two were not asked about the same cells."""
    return mcnemar_test(first.is_right, second.is_right) if first.files == second.files else None


def _coarse_accuracy(confusion: NDArray[np.int64], classes: tuple[str, ...]) -> float:
    if any(name not in TAXONOMY for name in classes):
        return float("nan")
    coarse = [coarse_class(name) for name in classes]
    names = list(dict.fromkeys(coarse))
    if len(names) == len(classes):
        return float("nan")
    return accuracy(merge_classes(confusion, np.array([names.index(name) for name in coarse], np.int64)))
