"""Features of the cells that a classifier has learned from, also of coarsely labelled ones of other laboratories."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.core.feature_distribution import FeatureDistribution
from hemascope.data.protocol import CellParts
from hemascope.data.sample import CellSample
from hemascope.evaluation.classification import ClassificationEvaluation
from hemascope.evaluation.outliers import fit_feature_distribution
from hemascope.imaging.crop import serving_crop
from hemascope.imaging.resize import RgbArray
from hemascope.inference.classifier import ClassifiedCells, Classifier
from hemascope.training.cell_inputs import read_cell_image
from hemascope.training.coarse_cells import add_coarse_cells, read_check_cells
from hemascope.training.recipe import ClassificationRecipe


@dataclass(frozen=True, slots=True)
class OtherLaboratories:
    """Features `(n, dimensions)` of the coarsely labelled cells that were learned from, with the most probable class
    `(n,)` that each may be, and those `(m, dimensions)` of cells that were not, if there are some.
    """

    features: FloatArray
    labels: IntArray
    check_features: FloatArray | None


def other_laboratories(
    classifier: Classifier,
    parts: CellParts,
    recipe: ClassificationRecipe,
    data_root: Path,
    detections_json: Path | None,
) -> OtherLaboratories | None:
    """None where the recipe has no `data.coarse`. Raises DatasetError as reading them does."""
    if not recipe.data.coarse:
        return None
    labelled = add_coarse_cells(parts.train, parts.val, recipe.data, data_root, detections_json, recipe.seed, None)
    first = len(parts.train.samples)
    cells = _classify(classifier, labelled.cells.samples[first:], recipe)
    may_be = labelled.candidates[labelled.cells.labels()[first:]]
    labels: IntArray = np.where(may_be, cells.probabilities, -1).argmax(axis=1)
    unseen = read_check_cells(recipe.data, data_root, detections_json)
    check = _classify(classifier, unseen, recipe).features if unseen else None
    return OtherLaboratories(cells.features, labels, check)


def known_features(learned: ClassificationEvaluation, other: OtherLaboratories | None) -> FeatureDistribution | None:
    """Where the features of all training cells lie; None where a class has no cell."""
    features, labels = learned.cells.features, learned.labels
    if other is not None:
        features, labels = np.concatenate([features, other.features]), np.concatenate([labels, other.labels])
    return fit_feature_distribution(features, labels, len(learned.classes))


def _classify(classifier: Classifier, samples: Sequence[CellSample], recipe: ClassificationRecipe) -> ClassifiedCells:
    def crops() -> Iterator[RgbArray]:
        for sample in samples:
            rgb, box = read_cell_image(sample, recipe.data.cache_px)
            yield serving_crop(rgb, box, classifier.settings.crop_context, classifier.settings.whole_image_zoom)

    return ClassifiedCells.concatenate(list(classifier.classify_batches(crops())), classifier.classes)
