"""A classification bundle on labelled single cells."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.core.manifest import ClassificationSettings
from hemascope.core.metrics.agreement import cohen_kappa
from hemascope.core.metrics.average_precision import mean_over_classes
from hemascope.core.metrics.calibration import (
    brier_score,
    classwise_calibration_error,
    expected_calibration_error,
    softmax,
)
from hemascope.core.metrics.classification import accuracy, class_scores, confusion_matrix, macro_f1, merge_classes
from hemascope.core.metrics.ranking import RankingCurves, ranking_curves, top_k_accuracy
from hemascope.core.metrics.selective import RiskCoverage, risk_coverage
from hemascope.data.images import read_cell
from hemascope.data.sample import CellDataset, CellSample
from hemascope.errors import DatasetError
from hemascope.hematology.intervals import clopper_pearson
from hemascope.hematology.maturation import DISTANCE_NAMES, stage_distance
from hemascope.hematology.taxonomy import TAXONOMY, coarse_class
from hemascope.imaging.crop import serving_crop
from hemascope.imaging.resize import RgbArray
from hemascope.inference.classifier import ClassifiedCells, Classifier

TOP_K = 5


@dataclass(frozen=True, slots=True)
class ClassificationEvaluation:
    """`cells` and `samples` in the order of `labels` `(n,)`; class ids index `classes`."""

    classes: tuple[str, ...]
    labels: IntArray
    cells: ClassifiedCells
    samples: tuple[CellSample, ...]
    settings: ClassificationSettings  # that the cells were judged with

    @property
    def groups(self) -> tuple[str, ...]:
        """Cells of one patient, slide or source share one."""
        return tuple(sample.group for sample in self.samples)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Calibrated `(n, classes)`."""
        return self.cells.probabilities.astype(np.float64)

    @property
    def logits(self) -> FloatArray:
        """Raw `(n, classes)`; where there were several views, those that give their mean probabilities."""
        scaled = np.log(np.maximum(self.cells.probabilities, 1e-30)) * np.float32(self.settings.temperature)
        raw: FloatArray = scaled + (self.cells.logsumexp - np.logaddexp.reduce(scaled, axis=1))[:, None]
        return raw

    @property
    def predicted(self) -> IntArray:
        """The best class of every cell, also of unidentified ones."""
        best: IntArray = self.cells.probabilities.argmax(axis=1)
        return best

    @property
    def is_right(self) -> NDArray[np.bool_]:
        right: NDArray[np.bool_] = self.predicted == self.labels
        return right

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Row = true class; the best class counts, also of unidentified cells."""
        return confusion_matrix(self.labels, self.predicted, len(self.classes))

    @property
    def is_in_taxonomy(self) -> bool:
        """Whether the classes are cells that the taxonomy knows; some sets label patients or slides instead."""
        return all(name in TAXONOMY for name in self.classes)

    @property
    def coarse_classes(self) -> tuple[str, ...]:
        """Band and segmented neutrophil together, the immature granulocytes together. Raises CellClassUnknownError."""
        return tuple(dict.fromkeys(coarse_class(c) for c in self.classes))

    @property
    def coarse_confusion(self) -> NDArray[np.int64]:
        """Raises CellClassUnknownError."""
        groups = [self.coarse_classes.index(coarse_class(c)) for c in self.classes]
        return merge_classes(self.confusion, np.array(groups, np.int64))

    def distance_counts(self) -> NDArray[np.int64]:
        """Cells of each true class by how far the predicted one lies `(classes, 4)`: same class, neighbouring stage,
        same lineage, other lineage. Raises CellClassUnknownError.
        """
        counts = np.zeros((len(self.classes), len(DISTANCE_NAMES)), np.int64)
        for (i, j), cells in np.ndenumerate(self.confusion):
            counts[i, stage_distance(self.classes[i], self.classes[j])] += cells
        return counts

    def ranking(self) -> dict[str, RankingCurves]:
        """Each class against the rest, by its probability."""
        return {c: ranking_curves(self.probabilities[:, i], self.labels == i) for i, c in enumerate(self.classes)}

    def selection(self) -> RiskCoverage:
        """Error among the surest cells, whatever their class."""
        return risk_coverage(self.probabilities.max(axis=1), self.is_right)

    def headline(self) -> dict[str, float]:
        """Figures as served; accuracy with an exact 95 % interval as if cells were independent of each other."""
        confusion, curves = self.confusion, self.ranking().values()
        interval = clopper_pearson(int(np.trace(confusion)), len(self.labels))
        kept = ~self.cells.unidentified
        values = {
            "accuracy": accuracy(confusion),
            "accuracy_low": interval.low,
            "accuracy_high": interval.high,
            "macro_f1": macro_f1(confusion),
            "kappa": cohen_kappa(confusion),
            "macro_average_precision": mean_over_classes([c.average_precision for c in curves]),
            "macro_auroc": mean_over_classes([c.auroc for c in curves]),
            **self._calibration(),
            "identified_share": float(kept.mean()),
            "accuracy_identified": float(self.is_right[kept].mean()) if kept.any() else float("nan"),
            "aurc": self.selection().area,
        }
        if len(self.classes) > TOP_K:
            values[f"top{TOP_K}_accuracy"] = top_k_accuracy(self.probabilities, self.labels, TOP_K)
        values |= {f"f1_{c}": s.f1 for c, s in zip(self.classes, class_scores(confusion), strict=True)}
        return values | self._hematology() if self.is_in_taxonomy else values

    def _calibration(self) -> dict[str, float]:
        served, labels = self.probabilities, self.labels
        return {
            "ece": expected_calibration_error(served, labels),
            "ece_uncalibrated": expected_calibration_error(softmax(self.logits), labels),
            "ece_classwise": classwise_calibration_error(served, labels),
            "brier": brier_score(served, labels),
        }

    def _hematology(self) -> dict[str, float]:
        """Figures that need the lineage of the classes."""
        coarse, shares = self.coarse_confusion, self.distance_counts().sum(axis=0) / len(self.labels)
        scores = zip(self.coarse_classes, class_scores(coarse), strict=True)
        names = [f"wrong_{name.replace(' ', '_')}" for name in DISTANCE_NAMES[1:]]
        values = {"accuracy_coarse": accuracy(coarse), **dict(zip(names, shares[1:].tolist(), strict=True))}
        return values | {f"f1_{c}": s.f1 for c, s in scores if c not in self.classes}


def evaluate_classifier(
    classifier: Classifier, dataset: CellDataset, progress: Callable[[str, int, int], None]
) -> ClassificationEvaluation:
    """Classify every cell as serving would: the square around its box where it has one, else the image's centre.

    Raises DatasetError when the dataset has no cell, or a class that the bundle cannot name.
    """
    unknown = set(dataset.classes) - set(classifier.classes)
    if unknown:
        raise DatasetError(f"the bundle cannot name {sorted(unknown)}; it knows {', '.join(classifier.classes)}")
    if not dataset.samples:
        raise DatasetError(f"{dataset.name} has no cell to measure; choose another split")
    cells = name_cells(classifier, dataset, progress)
    labels = np.array([classifier.classes.index(s.label) for s in dataset.samples], np.int64)
    return ClassificationEvaluation(classifier.classes, labels, cells, dataset.samples, classifier.settings)


def read_crop(sample: CellSample, settings: ClassificationSettings) -> RgbArray:
    """The square of a sample that its classifier is served. Raises DatasetError for an unreadable image."""
    return serving_crop(read_cell(sample), sample.box_xyxy, settings.crop_context, settings.whole_image_zoom)


def name_cells(
    classifier: Classifier, dataset: CellDataset, progress: Callable[[str, int, int], None]
) -> ClassifiedCells:
    """What the classifier says of every cell, in their order, whatever the classes of the dataset are."""
    crops = _crops(classifier, dataset, progress)
    return ClassifiedCells.concatenate(list(classifier.classify_batches(crops)), classifier.classes)


def _crops(
    classifier: Classifier, dataset: CellDataset, progress: Callable[[str, int, int], None]
) -> Iterator[RgbArray]:
    for i, sample in enumerate(dataset.samples, start=1):
        yield read_crop(sample, classifier.settings)
        progress("classify", i, len(dataset.samples))
