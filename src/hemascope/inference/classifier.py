"""Crops to class probabilities, or to "unidentified"."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray
from hemascope.core.manifest import ClassificationSettings
from hemascope.errors import BundleError
from hemascope.imaging.input_steps import apply_steps
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import RgbArray, resize_rgb
from hemascope.inference.bundle import ModelBundle
from hemascope.inference.session import open_session
from hemascope.inference.stage_times import StageTimes


@dataclass(frozen=True, slots=True)
class ClassifiedCells:
    """One row a cell: `probabilities` `(n, classes)` calibrated, `logsumexp` `(n,)` of the raw logits (low: unlike any
    training cell), `unidentified` `(n,)`. Raises ValueError when the shapes disagree.
    """

    probabilities: FloatArray
    logsumexp: FloatArray
    unidentified: NDArray[np.bool_]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        n = len(self.logsumexp)
        if self.probabilities.shape != (n, len(self.classes)) or self.unidentified.shape != (n,):
            raise ValueError(
                f"probabilities {self.probabilities.shape}, logsumexp {self.logsumexp.shape} and unidentified "
                f"{self.unidentified.shape} must be (n, {len(self.classes)}), (n,) and (n,)"
            )

    def __len__(self) -> int:
        return len(self.logsumexp)

    @property
    def best(self) -> list[str]:
        """The most probable class id of each cell, also of unidentified ones."""
        return [self.classes[i] for i in self.probabilities.argmax(axis=1)]

    @staticmethod
    def from_logits(
        logits: FloatArray, settings: ClassificationSettings, classes: tuple[str, ...]
    ) -> "ClassifiedCells":
        """Raw logits `(n, classes)` through temperature, softmax and the two thresholds of the manifest."""
        logsumexp = _logsumexp(logits)
        scaled = logits / np.float32(settings.temperature)
        probabilities = np.exp(scaled - _logsumexp(scaled)[:, None])
        unidentified = probabilities.max(axis=1, initial=0) < settings.min_probability
        if settings.min_logsumexp is not None:
            unidentified |= logsumexp < settings.min_logsumexp
        return ClassifiedCells(probabilities, logsumexp, unidentified, classes)

    @staticmethod
    def concatenate(parts: "list[ClassifiedCells]", classes: tuple[str, ...]) -> "ClassifiedCells":
        """All rows of `parts` in order; no part gives no rows."""
        return ClassifiedCells(
            np.concatenate([np.zeros((0, len(classes)), np.float32), *(part.probabilities for part in parts)]),
            np.concatenate([np.zeros(0, np.float32), *(part.logsumexp for part in parts)]),
            np.concatenate([np.zeros(0, bool), *(part.unidentified for part in parts)]),
            classes,
        )


class Classifier:
    """Recognises cells with a classification bundle.

    Raises BundleError for a bundle of another task, and what `open_session` raises.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        *,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        batch_size: int = 32,
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
            logits = self._session.run(batch)[0]
        return ClassifiedCells.from_logits(logits, self.settings, self.classes)


def _logsumexp(logits: FloatArray) -> FloatArray:
    """`(n, classes)` to `(n,)` without overflow."""
    top = logits.max(axis=1)
    total: FloatArray = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return total
