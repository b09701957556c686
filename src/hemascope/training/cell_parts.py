"""The parts of a classifier's data as its recipe divides them, checked for leaks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hemascope.core.boxes import IntArray
from hemascope.data.duplicates import Fingerprint
from hemascope.data.fingerprint_cache import cached_fingerprints
from hemascope.data.leaks import GroupedSample, find_leaks, groups_with_copies, refuse_leaks
from hemascope.data.protocol import (
    CellParts,
    balance_classes,
    divide_into_folds,
    take_fold,
    take_split_file,
    trim_classes,
)
from hemascope.data.readers import read_cells
from hemascope.data.readers.manifest_table import WHOLE
from hemascope.data.same_cell import same_cells
from hemascope.data.sample import CellDataset
from hemascope.errors import RecipeError
from hemascope.training.recipe import CellData

SAME_CELL_CACHE = "same_cells.npz"


def read_parts(data: CellData, data_root: Path, cache: Path | None) -> CellParts:
    """What is trained on and what is measured.

    With `folds`, groups that hold near copies of one another are made one first, so that folds cannot leak; other
    divisions are looked at, and `allow_leaks` leaves both out. `cache` keeps what was seen in the pictures.
    Raises DatasetError for a leak and for data that cannot be divided so, RecipeError without a fold.
    """
    if data.folds is not None:
        return _read_fold(data, data.folds, data_root, cache)
    if data.split_file is not None:
        whole = _trimmed(data, read_cells(data.reader, data_root, WHOLE))
        parts = take_split_file(whole, data_root, data_root / data.split_file, data.train_split, data.val_split)
    else:
        parts = CellParts(
            read_cells(data.reader, data_root, data.train_split), read_cells(data.reader, data_root, data.val_split)
        )
        if data.drop_below > 1 or data.keep_at_most is not None:
            raise RecipeError("data.drop_below and keep_at_most are for data divided by folds or a split_file")
    if not data.allow_leaks:
        check_leaks(parts.train.samples, parts.val.samples, (data.train_split, data.val_split), cache)
    return parts


def check_leaks(
    train: Sequence[GroupedSample], val: Sequence[GroupedSample], names: tuple[str, str], cache: Path | None
) -> None:
    """Raises DatasetError where images of one group, or copies, lie in both parts."""
    refuse_leaks(find_leaks(train, val, _prints([*train, *val], cache)), *names)


def epoch_places(labels: IntArray, data: CellData, seed: int) -> IntArray:
    """Places of the training samples that make an epoch, classes balanced as the recipe says."""
    balance = data.balance
    return balance_classes(
        labels,
        at_most=balance.at_most,
        at_least=balance.at_least,
        repeat=balance.repeat,
        repeat_up_to=balance.repeat_up_to,
        seed=seed,
    )


def _read_fold(data: CellData, folds: int, data_root: Path, cache: Path | None) -> CellParts:
    if data.fold is None:
        raise RecipeError(f"data.folds is {folds}: say which one with data.fold, or train all with 'hemascope study'")
    whole = _trimmed(data, read_cells(data.reader, data_root, WHOLE))
    groups = _whole_groups(whole, data, cache)
    samples = tuple(replace(sample, group=group) for sample, group in zip(whole.samples, groups, strict=True))
    whole = replace(whole, samples=samples)
    return take_fold(whole, divide_into_folds(whole, groups, folds, data.fold_seed), data.fold)


def _whole_groups(whole: CellDataset, data: CellData, cache: Path | None) -> tuple[str, ...]:
    """What the folds must not part."""
    if data.copies == "turned":
        cells = same_cells([s.path for s in whole.samples], None if cache is None else cache.with_name(SAME_CELL_CACHE))
        return tuple(f"cell {number}" for number in cells)
    if data.allow_leaks:
        return whole.groups
    return groups_with_copies(whole.samples, _prints(whole.samples, cache))


def _trimmed(data: CellData, whole: CellDataset) -> CellDataset:
    return trim_classes(whole, data.drop_below, data.keep_at_most, data.fold_seed)


def _prints(samples: Sequence[GroupedSample], cache: Path | None) -> dict[Path, Fingerprint]:
    paths = list(dict.fromkeys(sample.path for sample in samples))
    return dict(zip(paths, cached_fingerprints(paths, cache), strict=True))
