"""Crops to class probabilities, or to "unidentified"."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray
from hemascope.core.feature_distribution import FeatureDistribution
from hemascope.core.manifest import ClassificationSettings, ConformalSets
from hemascope.core.metrics.conformal import prediction_sets
from hemascope.errors import BundleError
from hemascope.imaging.input_steps import apply_steps
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import RgbArray, resize_rgb
from hemascope.inference.bundle import ModelBundle
from hemascope.inference.feature_file import read_feature_file
from hemascope.inference.session import open_session
from hemascope.inference.stage_times import StageTimes

ALL_VIEWS = 8
_LEAST = 1e-30  # probability that still has a logarithm


@dataclass(frozen=True, slots=True)
class ClassifiedCells:
    """One row a cell: `probabilities` `(n, classes)` calibrated, `logsumexp` `(n,)` of the raw logits (low: unlike any
    training cell), `unidentified` `(n,)`, `features` `(n, dimensions)`, and where the bundle has a feature check the
    `distance` `(n,)` to the nearest class (high: unlike any). Raises ValueError when the shapes disagree.
    """

    probabilities: FloatArray
    logsumexp: FloatArray
    unidentified: NDArray[np.bool_]
    classes: tuple[str, ...]
    features: FloatArray
    distance: FloatArray | None = None

    def __post_init__(self) -> None:
        n = len(self.logsumexp)
        rows = {len(self.features), n if self.distance is None else len(self.distance)}
        if self.probabilities.shape != (n, len(self.classes)) or self.unidentified.shape != (n,) or rows != {n}:
            raise ValueError(
                f"probabilities {self.probabilities.shape}, logsumexp {self.logsumexp.shape} and unidentified "
                f"{self.unidentified.shape} must be (n, {len(self.classes)}), (n,) and (n,), features and distance "
                "must have n rows"
            )

    def __len__(self) -> int:
        return len(self.logsumexp)

    @property
    def best(self) -> list[str]:
        """The most probable class id of each cell, also of unidentified ones."""
        return [self.classes[i] for i in self.probabilities.argmax(axis=1)]

    def rows(self, start: int, stop: int) -> "ClassifiedCells":
        """Cells `start` to `stop` alone; views of the same arrays."""
        part = slice(start, stop)
        return ClassifiedCells(
            self.probabilities[part],
            self.logsumexp[part],
            self.unidentified[part],
            self.classes,
            self.features[part],
            None if self.distance is None else self.distance[part],
        )

    def possible(self, sets: ConformalSets) -> NDArray[np.bool_]:
        """Which classes each cell may be `(n, classes)`, so that the promised share of sets holds the true one."""
        return prediction_sets(self.probabilities, np.array([sets.quantiles[c] for c in self.classes]))

    @staticmethod
    def from_outputs(
        logits: FloatArray,
        features: FloatArray,
        settings: ClassificationSettings,
        classes: tuple[str, ...],
        known: FeatureDistribution | None = None,
    ) -> "ClassifiedCells":
        """Raw logits `(views, n, classes)` and features `(views, n, dimensions)` of the network through softmax,
        temperature and the limits of the manifest. The temperature is that of the mean probabilities of the views, the
        log-sum-exp their mean, the distance that of their mean features.

        `known` belongs to a feature check; raises ValueError where there is one without the other.
        """
        if (known is None) != (settings.feature_check is None):
            raise ValueError("a feature check and the features it compares with belong together")
        mean = calibrated_probabilities(logits, 1.0).mean(axis=0)
        probabilities = calibrated_probabilities(np.log(np.maximum(mean, _LEAST)), settings.temperature)
        logsumexp = _logsumexp(logits).mean(axis=0)
        limits = np.array([settings.threshold_of(c) for c in classes], np.float32)
        unidentified = probabilities.max(axis=1, initial=0) < limits[probabilities.argmax(axis=1)]
        if settings.min_logsumexp is not None:
            unidentified |= logsumexp < settings.min_logsumexp
        distance = None
        if known is not None and settings.feature_check is not None:
            distance = known.distances(features.mean(axis=0))  # as the limit was read off
            unidentified |= distance > settings.feature_check.max_distance
        return ClassifiedCells(probabilities, logsumexp, unidentified, classes, features.mean(axis=0), distance)

    @staticmethod
    def from_logits(
        logits: FloatArray, settings: ClassificationSettings, classes: tuple[str, ...]
    ) -> "ClassifiedCells":
        """As `from_outputs` for one view `(n, classes)` without features."""
        return ClassifiedCells.from_outputs(logits[None], np.zeros((1, len(logits), 0), np.float32), settings, classes)

    @staticmethod
    def concatenate(parts: "list[ClassifiedCells]", classes: tuple[str, ...]) -> "ClassifiedCells":
        """All rows of `parts`, of one classifier, in order; no part gives no rows."""
        if not parts:
            none = np.zeros(0, np.float32)
            return ClassifiedCells(
                np.zeros((0, len(classes)), np.float32), none, np.zeros(0, bool), classes, none[:, None]
            )
        distances = [part.distance for part in parts if part.distance is not None]
        return ClassifiedCells(
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.logsumexp for part in parts]),
            np.concatenate([part.unidentified for part in parts]),
            classes,
            np.concatenate([part.features for part in parts]),
            np.concatenate(distances) if distances else None,
        )


class Classifier:
    """Recognises cells with a classification bundle.

    Each cell is shown in `views` of its 8 turns and mirrors, by default as many as the manifest says.

    Raises BundleError for a bundle of another task, and what `open_session` raises.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        *,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        batch_size: int = 32,
        views: int | None = None,
        times: StageTimes | None = None,
    ) -> None:
        settings = bundle.manifest.classification
        if settings is None:
            raise BundleError(f"{bundle.folder} is a {bundle.manifest.task} bundle; expected a classification bundle")
        self.classes = bundle.manifest.classes
        self.manifest = bundle.manifest
        self.settings = settings
        self.times = times or StageTimes()
        self._batch_size = batch_size
        self.views = settings.views if views is None else views
        self._known = None
        if bundle.feature_check is not None:
            self._known = read_feature_file(bundle.folder / bundle.feature_check.file)
        self._session = open_session(bundle, threads=threads, providers=providers)
        self.providers = self._session.providers

    def classify(self, crops: Sequence[RgbArray]) -> ClassifiedCells:
        """Square crops of any size `(side, side, 3)`; an empty sequence gives no rows."""
        return ClassifiedCells.concatenate(list(self.classify_batches(crops)), self.classes)

    def classify_batches(self, crops: Iterable[RgbArray]) -> Iterator[ClassifiedCells]:
        """Takes crops as it needs them and yields after every batch, so that millions fit into little memory."""
        crops = iter(crops)
        while batch := list(islice(crops, self._batch_size)):
            yield self._classify_batch(batch)

    def _classify_batch(self, crops: list[RgbArray]) -> ClassifiedCells:
        preprocessing = self.manifest.preprocessing
        side = preprocessing.input_size
        with self.times.measure("preprocess crops"):
            ready = [apply_steps(resize_rgb(crop, side, side), preprocessing.steps) for crop in crops]
            batch = normalise_batch(ready, preprocessing.mean, preprocessing.std)
        with self.times.measure("classification network"):
            outputs = [self._session.run(view) for view in islice(dihedral_views(batch), self.views)]
        logits, features = np.stack([o[0] for o in outputs]), np.stack([o[1] for o in outputs])
        return ClassifiedCells.from_outputs(logits, features, self.settings, self.classes, self._known)


def dihedral_views(batch: FloatArray) -> Iterator[FloatArray]:
    """The 8 turns and mirrors of square images `(n, 3, side, side)`, as they are first."""
    for mirrored in (batch, batch[..., ::-1]):
        for turns in range(4):
            yield np.ascontiguousarray(np.rot90(mirrored, turns, axes=(2, 3)))


def calibrated_probabilities(logits: FloatArray, temperature: float) -> FloatArray:
    """Softmax over the last axis of logits divided by the temperature."""
    scaled = logits / np.float32(temperature)
    probabilities: FloatArray = np.exp(scaled - _logsumexp(scaled)[..., None])
    return probabilities


def _logsumexp(logits: FloatArray) -> FloatArray:
    """Over the last axis without overflow."""
    top = logits.max(axis=-1)
    total: FloatArray = top + np.log(np.exp(logits - top[..., None]).sum(axis=-1))
    return total
