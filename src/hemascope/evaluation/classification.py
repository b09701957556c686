"""A classification bundle on labelled single cells."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import IntArray
from hemascope.core.metrics.calibration import expected_calibration_error
from hemascope.core.metrics.classification import accuracy, class_scores, confusion_matrix, macro_f1, merge_classes
from hemascope.data.images import read_cell
from hemascope.data.sample import CellDataset
from hemascope.errors import DatasetError
from hemascope.hematology.intervals import clopper_pearson
from hemascope.hematology.taxonomy import coarse_class
from hemascope.imaging.crop import serving_crop
from hemascope.imaging.resize import RgbArray
from hemascope.inference.classifier import ClassifiedCells, Classifier


@dataclass(frozen=True, slots=True)
class ClassificationEvaluation:
    """`cells` in the order of `labels` `(n,)`; class ids index `classes`."""

    classes: tuple[str, ...]
    labels: IntArray
    cells: ClassifiedCells

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Row = true class; the best class counts, also of unidentified cells."""
        return confusion_matrix(self.labels, self.cells.probabilities.argmax(axis=1), len(self.classes))

    @property
    def coarse_classes(self) -> tuple[str, ...]:
        """Band and segmented neutrophil together, the immature granulocytes together."""
        return tuple(dict.fromkeys(coarse_class(c) for c in self.classes))

    @property
    def coarse_confusion(self) -> NDArray[np.int64]:
        groups = [self.coarse_classes.index(coarse_class(c)) for c in self.classes]
        return merge_classes(self.confusion, np.array(groups, np.int64))

    def headline(self) -> dict[str, float]:
        """Accuracy with its exact 95 % interval, macro F1, coarse accuracy, calibration, and what rejection costs."""
        confusion, coarse = self.confusion, self.coarse_confusion
        right = int(np.trace(confusion))
        interval = clopper_pearson(right, len(self.labels))
        kept = ~self.cells.unidentified
        is_right = self.cells.probabilities.argmax(axis=1) == self.labels
        values = {
            "accuracy": accuracy(confusion),
            "accuracy_low": interval.low,
            "accuracy_high": interval.high,
            "macro_f1": macro_f1(confusion),
            "accuracy_coarse": accuracy(coarse),
            "ece": expected_calibration_error(self.cells.probabilities.astype(np.float64), self.labels),
            "identified_share": float(kept.mean()),
            "accuracy_identified": float(is_right[kept].mean()) if kept.any() else float("nan"),
        }
        for classes, matrix in ((self.classes, confusion), (self.coarse_classes, coarse)):
            values |= {f"f1_{c}": s.f1 for c, s in zip(classes, class_scores(matrix), strict=True)}
        return values


def evaluate_classifier(
    classifier: Classifier, dataset: CellDataset, progress: Callable[[str, int, int], None]
) -> ClassificationEvaluation:
    """Classify every cell as serving would: the square around its box where it has one, else the image's centre.

    Raises DatasetError when the dataset has a class that the bundle cannot name.
    """
    unknown = set(dataset.classes) - set(classifier.classes)
    if unknown:
        raise DatasetError(f"the bundle cannot name {sorted(unknown)}; it knows {', '.join(classifier.classes)}")
    cells = name_cells(classifier, dataset, progress)
    labels = np.array([classifier.classes.index(s.label) for s in dataset.samples], np.int64)
    return ClassificationEvaluation(classifier.classes, labels, cells)


def name_cells(
    classifier: Classifier, dataset: CellDataset, progress: Callable[[str, int, int], None]
) -> ClassifiedCells:
    """What the classifier says of every cell, in their order, whatever the classes of the dataset are."""
    crops = _crops(classifier, dataset, progress)
    return ClassifiedCells.concatenate(list(classifier.classify_batches(crops)), classifier.classes)


def _crops(
    classifier: Classifier, dataset: CellDataset, progress: Callable[[str, int, int], None]
) -> Iterator[RgbArray]:
    settings = classifier.settings
    for i, sample in enumerate(dataset.samples, start=1):
        yield serving_crop(read_cell(sample), sample.box_xyxy, settings.crop_context, settings.whole_image_zoom)
        progress("classify", i, len(dataset.samples))
