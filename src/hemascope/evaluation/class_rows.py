"""Figures of a classifier with intervals: as a whole, and class by class."""

from dataclasses import dataclass

from hemascope.core.boxes import IntArray
from hemascope.core.metrics.agreement import cohen_kappa
from hemascope.core.metrics.classification import accuracy, class_scores, confusion_matrix, macro_f1
from hemascope.core.metrics.paired import BootstrapInterval, cluster_bootstraps
from hemascope.evaluation.classification import ClassificationEvaluation

BOOTSTRAP_REPEATS = 1000
_OVERALL = ("accuracy", "macro_f1", "kappa")


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class against the rest; limits are those of 95 % when groups are drawn again. NaN where nothing is known."""

    class_id: str
    cells: int
    precision: float
    recall: float
    recall_low: float
    recall_high: float
    f1: float
    f1_low: float
    f1_high: float
    average_precision: float
    auroc: float


@dataclass(frozen=True, slots=True)
class MeasuredClasses:
    """`intervals` of the figures of the headline that have one, by name."""

    intervals: dict[str, BootstrapInterval]
    rows: tuple[ClassRow, ...]


def measure_classes(evaluation: ClassificationEvaluation, repeats: int = BOOTSTRAP_REPEATS) -> MeasuredClasses:
    """All intervals come from the same draws of groups."""
    count, labels, predicted = len(evaluation.classes), evaluation.labels, evaluation.predicted

    def statistics(rows: IntArray) -> list[float]:
        confusion = confusion_matrix(labels[rows], predicted[rows], count)
        scores = class_scores(confusion)
        overall = [accuracy(confusion), macro_f1(confusion), cohen_kappa(confusion)]
        return [*overall, *(s.recall for s in scores), *(s.f1 if s.support else float("nan") for s in scores)]

    limits = cluster_bootstraps(statistics, evaluation.groups, repeats=repeats)
    recalls, f1s = limits[len(_OVERALL) :][:count], limits[len(_OVERALL) + count :]
    curves = evaluation.ranking()
    rows = [
        ClassRow(
            c, s.support, s.precision, s.recall, recall.low, recall.high, s.f1, f1.low, f1.high,
            curves[c].average_precision, curves[c].auroc,
        )
        for c, s, recall, f1 in zip(evaluation.classes, class_scores(evaluation.confusion), recalls, f1s, strict=True)
    ]  # fmt: skip
    return MeasuredClasses(dict(zip(_OVERALL, limits, strict=False)), tuple(rows))
