"""From all samples of a dataset to the parts of a run: which classes, which images, which fold."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hemascope.core.boxes import IntArray
from hemascope.data.sample import CellDataset
from hemascope.data.splits import assign_groups, equal_folds, read_split
from hemascope.errors import DatasetError


@dataclass(frozen=True, slots=True)
class CellParts:
    """What is trained on and what is measured; both name the same classes in the same order."""

    train: CellDataset
    val: CellDataset


def trim_classes(dataset: CellDataset, drop_below: int, keep_at_most: int | None, seed: int) -> CellDataset:
    """Without the classes of fewer than `drop_below` images, and with `keep_at_most` of each, drawn by the seed.

    Samples keep their order. Raises DatasetError where fewer than two classes are left.
    """
    counts = np.bincount(dataset.labels(), minlength=len(dataset.classes))
    classes = tuple(name for name, count in zip(dataset.classes, counts, strict=True) if count >= drop_below)
    if len(classes) < 2:
        raise DatasetError(f"{dataset.name}: {len(classes)} class(es) have {drop_below} images; lower data.drop_below")
    kept = [i for i, sample in enumerate(dataset.samples) if sample.label in classes]
    trimmed = replace(dataset.take(kept), classes=classes)
    return trimmed if keep_at_most is None else trimmed.take(_at_most(trimmed.labels(), keep_at_most, seed))


def divide_into_folds(dataset: CellDataset, groups: tuple[str, ...], folds: int, seed: int) -> tuple[int, ...]:
    """Number of the fold of every sample; `groups` stay whole, classes are spread as evenly as they allow.

    Raises DatasetError where there are too few groups.
    """
    names = list(equal_folds(folds))
    content = np.eye(len(dataset.classes), dtype=np.int64)[dataset.labels()]
    return tuple(names.index(part) for part in assign_groups(groups, content, equal_folds(folds), seed))


def take_fold(dataset: CellDataset, fold_of: tuple[int, ...], fold: int) -> CellParts:
    """Measured on one fold, trained on the others."""
    train = [i for i, number in enumerate(fold_of) if number != fold]
    val = [i for i, number in enumerate(fold_of) if number == fold]
    return CellParts(dataset.take(train), dataset.take(val))


def take_split_file(dataset: CellDataset, root: Path, table: Path, train: str, val: str) -> CellParts:
    """Parts and groups as `hemascope data split` wrote them for the images of `root`.

    Raises DatasetError for an image that the table does not name and a part that has none.
    """
    rows = {row.file: row for row in read_split(table)}
    parts: dict[str, list[int]] = {train: [], val: []}
    samples = list(dataset.samples)
    for i, sample in enumerate(dataset.samples):
        row = rows.get(sample.path.relative_to(root).as_posix())
        if row is None:
            raise DatasetError(f"{table} does not name {sample.path.relative_to(root)}; make it for this folder")
        samples[i] = replace(sample, group=row.group or sample.group)
        if row.split in parts:
            parts[row.split].append(i)
    for name, indices in parts.items():
        if not indices:
            raise DatasetError(f"{table} puts no image of {root} into '{name}'")
    grouped = replace(dataset, samples=tuple(samples))
    return CellParts(grouped.take(parts[train]), grouped.take(parts[val]))


def balance_classes(
    labels: IntArray,
    *,
    at_most: int | None,
    at_least: int | None,
    repeat: int,
    repeat_up_to: int | None,
    seed: int,
) -> IntArray:
    """Places of the samples that an epoch consists of: of large classes some, those of small ones several times.

    First undersampling to `at_most` a class, then `repeat` for classes up to `repeat_up_to` images, then oversampling
    to `at_least`, in which each sample of the class comes about as often. Absent classes stay absent.
    """
    chosen = np.arange(len(labels)) if at_most is None else _at_most(labels, at_most, seed)
    rng = np.random.default_rng((seed, 1))
    parts = []
    for class_index in np.unique(labels):
        own = chosen[labels[chosen] == class_index]
        if repeat_up_to is None or len(own) <= repeat_up_to:
            own = np.tile(own, repeat)
        lacking = 0 if at_least is None else max(0, at_least - len(own))
        whole, rest = divmod(lacking, len(own))
        parts.append(np.concatenate([np.tile(own, 1 + whole), rng.permutation(own)[:rest]]))
    return np.sort(np.concatenate(parts))


def _at_most(labels: IntArray, count: int, seed: int) -> IntArray:
    """Places of at most `count` samples a class, drawn by the seed, in order."""
    order = np.random.default_rng((seed, 0)).permutation(len(labels))
    rank = np.empty(len(labels), np.int64)
    for class_index in np.unique(labels):
        own = order[labels[order] == class_index]
        rank[own] = np.arange(len(own))
    return np.flatnonzero(rank < count)
