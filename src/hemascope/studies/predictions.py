"""What a classifier said of every cell it had not seen: the table from which all figures of a study are made."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import IntArray
from hemascope.core.metrics.calibration import softmax
from hemascope.data.sample import CellDataset
from hemascope.errors import ModelError

FILE_NAME = "predictions.csv"
_FIRST_COLUMNS = ("file", "group", "label", "predicted")


@dataclass(frozen=True, slots=True)
class Predictions:
    """One row a cell: `labels` `(n,)` index `classes`, `probabilities` `(n, classes)`, `folds` `(n,)` who said it."""

    classes: tuple[str, ...]
    files: tuple[str, ...]
    groups: tuple[str, ...]
    labels: IntArray
    probabilities: NDArray[np.float64]
    folds: IntArray

    @property
    def predicted(self) -> IntArray:
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def is_right(self) -> NDArray[np.bool_]:
        return np.asarray(self.predicted == self.labels)


def predictions_from_logits(dataset: CellDataset, root: Path, logits: NDArray[np.float32]) -> Predictions:
    """Of a network, `(n, classes)` in the order of the samples; files are relative to the dataset's folder."""
    return predictions_of(dataset, root, softmax(logits))


def predictions_of(dataset: CellDataset, root: Path, probabilities: NDArray[np.float64]) -> Predictions:
    return Predictions(
        dataset.classes,
        tuple(sample.path.relative_to(root).as_posix() for sample in dataset.samples),
        dataset.groups,
        dataset.labels(),
        probabilities,
        np.zeros(len(dataset.samples), np.int64),
    )


def pool_folds(folds: Sequence[Predictions]) -> Predictions:
    """All folds as one, in the order of the files, so that runs on the same cells can be compared row by row."""
    files = [file for fold in folds for file in fold.files]
    order = np.argsort(np.array(files, np.str_), kind="stable")
    groups = [group for fold in folds for group in fold.groups]
    return Predictions(
        folds[0].classes,
        tuple(files[i] for i in order),
        tuple(groups[i] for i in order),
        np.concatenate([fold.labels for fold in folds])[order],
        np.concatenate([fold.probabilities for fold in folds])[order],
        np.repeat(np.arange(len(folds)), [len(fold.files) for fold in folds])[order],
    )


def write_predictions(predictions: Predictions, path: Path) -> None:
    """Whole or not at all; probabilities with six significant digits."""
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*_FIRST_COLUMNS, *predictions.classes])
        for i, file in enumerate(predictions.files):
            own = [predictions.classes[k] for k in (predictions.labels[i], predictions.predicted[i])]
            shares = [f"{p:.6g}" for p in predictions.probabilities[i]]
            writer.writerow([file, predictions.groups[i], *own, *shares])
    partial.replace(path)


def read_predictions(path: Path) -> Predictions:
    """A table of `write_predictions`. Raises ModelError for another file."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            header, *rows = list(csv.reader(stream))
        classes = tuple(header[len(_FIRST_COLUMNS) :])
        labels = np.array([classes.index(row[2]) for row in rows], np.int64)
        shares = np.array([[float(value) for value in row[len(_FIRST_COLUMNS) :]] for row in rows])
        files, groups = tuple(row[0] for row in rows), tuple(row[1] for row in rows)
        return Predictions(
            classes, files, groups, labels, shares.reshape(len(rows), len(classes)), np.zeros(len(rows), np.int64)
        )
    except (OSError, ValueError, IndexError) as error:
        raise ModelError(f"{path} is no table of predictions: {error}; delete it and run the study again") from error
