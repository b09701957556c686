"""Refuses to train where the parts are not apart: copies, or images of one group, on both sides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from hemascope.data.duplicates import Fingerprint, families, near_pairs_of
from hemascope.data.splits import joint_groups
from hemascope.errors import DatasetError


class GroupedSample(Protocol):
    """What a sample of either task says about its origin."""

    @property
    def path(self) -> Path: ...
    @property
    def group(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Leaks:
    """`groups` on both sides, and pairs of files, one of each side, that are the same or nearly so."""

    groups: tuple[str, ...]
    copies: tuple[tuple[Path, Path], ...]

    def __bool__(self) -> bool:
        return bool(self.groups or self.copies)


def find_leaks(
    train: Sequence[GroupedSample], val: Sequence[GroupedSample], prints: Mapping[Path, Fingerprint]
) -> Leaks:
    """`prints` holds every image of both parts."""
    shared = {sample.group for sample in train} & {sample.group for sample in val}
    sides = [dict.fromkeys(sample.path for sample in part) for part in (train, val)]  # each file once
    paths = [*sides[0], *sides[1]]
    pairs = near_pairs_of([prints[path] for path in paths])
    first = len(sides[0])
    across = pairs[(pairs[:, 0] < first) & (pairs[:, 1] >= first)]
    return Leaks(tuple(sorted(shared)), tuple((paths[i], paths[j]) for i, j, _ in across.tolist()))


def refuse_leaks(leaks: Leaks, train: str, val: str) -> None:
    """Raises DatasetError with what was found and what can be done."""
    if not leaks:
        return
    found = []
    if leaks.copies:
        first, second = leaks.copies[0]
        found.append(f"{len(leaks.copies)} pair(s) of the same or nearly the same picture, as {first} and {second}")
    if leaks.groups:
        found.append(f"{len(leaks.groups)} group(s) with images in both, as '{leaks.groups[0]}'")
    raise DatasetError(
        f"'{train}' and '{val}' are not apart: {'; '.join(found)}. Figures would flatter: divide by group with "
        "data.folds or 'hemascope data split', or say data.allow_leaks: true in the recipe"
    )


def groups_with_copies(samples: Sequence[GroupedSample], prints: Mapping[Path, Fingerprint]) -> tuple[str, ...]:
    """The group of each sample, after groups that hold near copies of one another are made one."""
    pairs = near_pairs_of([prints[sample.path] for sample in samples])
    family = families(len(samples), np.asarray(pairs[:, :2]))
    return joint_groups([sample.group for sample in samples], family)
