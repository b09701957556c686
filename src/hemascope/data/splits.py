"""Divides images into parts by group, with the classes of each part as alike as groups allow, repeatable by seed."""

import csv
import io
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import IntArray
from hemascope.errors import DatasetError

COLUMNS = ("file", "split", "group", "label")

_ROUNDING = 1e-6  # of an image: shares are decimal fractions
_PASSES = 8  # over all groups, each moved if that helps; the first one or two do nearly everything
_Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SplitRow:
    """One image of a written split. `label`: class of the image, or those of its boxes joined by `+`, or empty."""

    file: str
    split: str
    group: str
    label: str


def assign_groups(
    groups: Sequence[str], class_counts: IntArray, shares: Mapping[str, float], seed: int = 0
) -> tuple[str, ...]:
    """The part of every image: names of `shares`, whose values sum to 1.

    `class_counts` `(images, classes)` says how much of each class an image holds: one for the class of a single cell,
    the numbers of boxes for a field. Groups go, from large to small, where they bring the counts nearest to their
    share (chi-square over classes and images), and are moved again while that helps; a part never exceeds its share by
    the largest group or more. The order of the images does not matter; groups of about the same size are shuffled by
    `seed`. Raises DatasetError when the shares are not usable or a part would stay empty.
    """
    _check_shares(shares)
    names, index = np.unique(np.asarray(groups, np.str_), return_inverse=True)
    sizes = np.bincount(index, minlength=len(names))
    content = np.zeros((len(names), class_counts.shape[1] + 1))
    np.add.at(content, index, np.column_stack([np.ones(len(index), np.int64), class_counts]))  # images as a class
    part_of_group = _distribute(content, np.array(list(shares.values())), _order(sizes, seed))
    parts = list(shares)
    empty = [part for number, part in enumerate(parts) if number not in part_of_group]
    if empty:
        raise DatasetError(
            f"{len(names)} group(s) are too few for {len(parts)} parts: nothing is left for {', '.join(empty)}; "
            "use fewer parts, larger shares or smaller groups"
        )
    return tuple(parts[part_of_group[i]] for i in index)


def _order(sizes: IntArray, seed: int) -> IntArray:
    """Groups from large to small; in random order where sizes have the same power of two, or no seed would tell."""
    rng = np.random.default_rng(seed)
    return np.lexsort((rng.random(len(sizes)), -np.floor(np.log2(np.maximum(sizes, 1)))))


def _distribute(content: _Counts, shares: _Counts, order: IntArray) -> IntArray:
    """Part number of every group; `content` `(groups, 1 + classes)`, first column images."""
    wanted = shares[:, None] * content.sum(axis=0)  # (parts, 1 + classes)
    weight = np.divide(1, wanted, out=np.zeros_like(wanted), where=wanted > 0)
    missing = wanted.copy()
    largest = content[:, 0].max(initial=0)
    chosen = np.full(len(content), -1, np.int64)
    for _ in range(_PASSES):
        moved = False
        for group in order:
            added, before = content[group], chosen[group]
            if before >= 0:
                missing[before] += added
            worse = ((added * added - 2 * added * missing) * weight).sum(axis=1)
            worse[missing[:, 0] - added[0] <= _ROUNDING - largest] = np.inf
            best = int(worse.argmin())
            if before >= 0 and worse[best] > worse[before] - _ROUNDING:
                best = before
            chosen[group] = best
            missing[best] -= added
            moved |= best != before
        if not moved:
            break
    return chosen


def _check_shares(shares: Mapping[str, float]) -> None:
    text = ", ".join(f"{name}={share:g}" for name, share in shares.items())
    if len(shares) < 2:
        raise DatasetError(f"a split needs two parts or more, but got '{text}'; give for example train=0.8,val=0.2")
    if any(not math.isfinite(share) or share <= 0 for share in shares.values()):
        raise DatasetError(f"each part needs a share above 0, but got '{text}'")
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise DatasetError(f"the shares must sum to 1, but '{text}' sum to {sum(shares.values()):g}")


def parse_shares(text: str) -> dict[str, float]:
    """`train=0.8,val=0.2` as a mapping; DatasetError names the part that is not `name=number`."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        try:
            share = float(number)
        except ValueError:
            share = math.nan
        if not name or math.isnan(share):
            raise DatasetError(f"'{part.strip()}' is no share; expected name=number, such as train=0.8,val=0.2")
        if name in shares:
            raise DatasetError(f"the part '{name}' is given twice in '{text}'")
        shares[name] = share
    _check_shares(shares)
    return shares


def equal_folds(count: int) -> dict[str, float]:
    """`fold0`, `fold1`, ... of the same size. Raises DatasetError below two."""
    if count < 2:
        raise DatasetError(f"{count} fold(s) cannot be cross-validated; ask for 2 or more")
    return {f"fold{number}": 1 / count for number in range(count)}


def joint_groups(groups: Sequence[str], family: IntArray) -> tuple[str, ...]:
    """Groups merged wherever images of two of them are of one near-duplicate `family` `(n,)`, and so on.

    A merged group is called after the first of its names in alphabetical order, whatever the order of the images.
    """
    parent = {name: name for name in groups}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    first_of_family: dict[int, str] = {}
    for name, number in zip(groups, family.tolist(), strict=True):
        one, other = root(first_of_family.setdefault(number, name)), root(name)
        low, high = min(one, other), max(one, other)
        parent[high] = low
    return tuple(root(name) for name in groups)


def write_split(path: Path, rows: Sequence[SplitRow]) -> None:
    """CSV with the columns `file,split,group,label`, which `read_split` and dataset manifests share. Raises OSError."""
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows((row.file, row.split, row.group, row.label) for row in rows)
    part = path.with_name(f"{path.name}.part")
    part.write_text(text.getvalue(), encoding="utf-8")
    part.replace(path)


def read_split(path: Path) -> tuple[SplitRow, ...]:
    """A file of `write_split`; further columns are ignored.

    Raises DatasetError when it is missing, no such table, or lists an image twice.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            table = list(csv.DictReader(stream))
    except FileNotFoundError as error:
        raise DatasetError(f"the split file '{path}' does not exist; make it with 'hemascope data split'") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"the split file '{path}' cannot be read as a CSV table: {error}") from error
    missing = [column for column in COLUMNS[:3] if not table or column not in table[0]]
    if missing:
        raise DatasetError(f"'{path}' is no split file: it lacks {', '.join(missing)}; expected {', '.join(COLUMNS)}")
    rows = tuple(SplitRow(*((row.get(column) or "") for column in COLUMNS)) for row in table)
    for number, row in enumerate(rows, start=1):
        if not row.file or not row.split:
            raise DatasetError(f"'{path}': row {number} names no {'split' if row.file else 'file'}")
    twice = [file for file, times in Counter(row.file for row in rows).items() if times > 1]
    if twice:
        raise DatasetError(f"'{path}' lists '{twice[0]}' twice; an image belongs to one part")
    return rows
