"""What a classifier says of cells before any threshold: probabilities, and embeddings to compare cells by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from hemascope.core.active_learning import unit_rows
from hemascope.core.boxes import FloatArray
from hemascope.errors import BundleError
from hemascope.imaging.input_steps import apply_steps
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import RgbArray, resize_rgb
from hemascope.inference.bundle import ModelBundle
from hemascope.inference.classifier import calibrated_probabilities
from hemascope.inference.session import open_session

QUARTER_TURNS = 4


@dataclass(frozen=True, slots=True)
class CellOpinions:
    """`probabilities` `(turns, n, classes)` calibrated, `features` `(n, dimensions)` of length one, without a turn."""

    probabilities: FloatArray
    features: FloatArray
    classes: tuple[str, ...]

    @staticmethod
    def concatenate(parts: "list[CellOpinions]", classes: tuple[str, ...]) -> "CellOpinions":
        """All rows of `parts` in order; no part gives no rows."""
        if not parts:
            return CellOpinions(np.zeros((1, 0, len(classes)), np.float32), np.zeros((0, 1), np.float32), classes)
        return CellOpinions(
            np.concatenate([part.probabilities for part in parts], axis=1),
            np.concatenate([part.features for part in parts]),
            classes,
        )


class OpinionReader:
    """Runs a classification bundle; with `turns` 4 each cell is shown in four quarter turns, else upright.

    Raises BundleError for a bundle of another task, and what `open_session` raises.
    """

    def __init__(
        self, bundle: ModelBundle, *, threads: int | None = None, turns: int = 1, batch_size: int = 32
    ) -> None:
        settings = bundle.manifest.classification
        if settings is None:
            raise BundleError(f"{bundle.folder} is a {bundle.manifest.task} bundle; expected a classification bundle")
        self.settings = settings
        self.classes = bundle.manifest.classes
        self._preprocessing = bundle.manifest.preprocessing
        self._turns = turns
        self._batch_size = batch_size
        self._session = open_session(bundle, threads=threads)

    def read(self, crops: Iterable[RgbArray]) -> CellOpinions:
        """Square crops of any size; only one batch of them is held at a time."""
        crops = iter(crops)
        parts = list(self._read_batches(crops))
        return CellOpinions.concatenate(parts, self.classes)

    def _read_batches(self, crops: Iterator[RgbArray]) -> Iterator[CellOpinions]:
        side, steps = self._preprocessing.input_size, self._preprocessing.steps
        while batch := [apply_steps(resize_rgb(crop, side, side), steps) for crop in islice(crops, self._batch_size)]:
            outputs = [self._run([np.rot90(crop, turn) for crop in batch]) for turn in range(self._turns)]
            logits = np.stack([turned for turned, _ in outputs])
            probabilities = calibrated_probabilities(logits, self.settings.temperature)
            yield CellOpinions(probabilities, unit_rows(outputs[0][1]), self.classes)

    def _run(self, crops: list[RgbArray]) -> tuple[FloatArray, FloatArray]:
        preprocessing = self._preprocessing
        logits, features = self._session.run(normalise_batch(crops, preprocessing.mean, preprocessing.std))
        return logits, features
