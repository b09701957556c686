"""Two classifiers on the same cells: which differences are more than chance."""

from dataclasses import dataclass

import numpy as np

from hemascope.core.boxes import IntArray
from hemascope.core.metrics.classification import class_scores, confusion_matrix
from hemascope.core.metrics.paired import McNemar, cluster_bootstraps, mcnemar_test
from hemascope.errors import DatasetError
from hemascope.evaluation.classification import ClassificationEvaluation


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A figure of one class, or of all; `difference` is first minus second, with limits of 95 % by group."""

    class_id: str  # "all" for accuracy
    figure: str  # accuracy, recall or f1
    cells: int
    first: float
    second: float
    difference: float
    low: float
    high: float

    @property
    def is_real(self) -> bool:
        """The interval leaves no difference out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class ClassifierComparison:
    mcnemar: McNemar
    rows: tuple[DifferenceRow, ...]


def compare_classifiers(
    first: ClassificationEvaluation, second: ClassificationEvaluation, repeats: int = 1000
) -> ClassifierComparison:
    """Of the best class of every cell, also of unidentified ones. Raises DatasetError for different cells."""
    if first.samples != second.samples:
        raise DatasetError("two classifiers can be compared on the same cells only, in the same order")
    names = tuple(dict.fromkeys((*first.classes, *second.classes)))
    labels = _renumbered(first.labels, first.classes, names)
    predicted = [_renumbered(one.predicted, one.classes, names) for one in (first, second)]
    present = np.unique(labels)

    def figures(rows: IntArray, which: int) -> list[float]:
        scores = class_scores(confusion_matrix(labels[rows], predicted[which][rows], len(names)))
        per_class = [value for i in present for value in (scores[i].recall, scores[i].f1)]
        return [float((predicted[which][rows] == labels[rows]).mean()), *per_class]

    def differences(rows: IntArray) -> list[float]:
        return [one - other for one, other in zip(figures(rows, 0), figures(rows, 1), strict=True)]

    limits = cluster_bootstraps(differences, first.groups, repeats=repeats)
    every = np.arange(len(labels))
    keys = [("all", "accuracy", len(labels))]
    for i in present:
        keys += [(names[i], figure, int((labels == i).sum())) for figure in ("recall", "f1")]
    rows = [
        DifferenceRow(class_id, figure, cells, one, other, one - other, limit.low, limit.high)
        for (class_id, figure, cells), one, other, limit in zip(
            keys, figures(every, 0), figures(every, 1), limits, strict=True
        )
    ]
    return ClassifierComparison(mcnemar_test(first.is_right, second.is_right), tuple(rows))


def _renumbered(ids: IntArray, classes: tuple[str, ...], names: tuple[str, ...]) -> IntArray:
    place: IntArray = np.array([names.index(name) for name in classes], np.int64)
    return place[ids]
