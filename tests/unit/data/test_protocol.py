from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.data.protocol import balance_classes, divide_into_folds, take_fold, take_split_file, trim_classes
from hemascope.data.sample import CellDataset, CellSample
from hemascope.data.splits import SplitRow, write_split
from hemascope.errors import DatasetError

ROOT = Path("cells")


def dataset(labels: str, groups: str | None = None) -> CellDataset:
    """A letter a cell: its class, and its group where given."""
    samples = tuple(
        CellSample(ROOT / f"{i}.png", label, "painted", group)
        for i, (label, group) in enumerate(zip(labels, groups or map(str, range(len(labels))), strict=True))
    )
    return CellDataset("painted", tuple(sorted(set(labels))), samples)


def test_rare_classes_go_and_over_full_ones_shrink() -> None:
    cells = dataset("a" * 10 + "b" * 4 + "c" * 2)
    trimmed = trim_classes(cells, 3, 6, seed=1)
    assert trimmed.classes == ("a", "b")
    assert Counter(s.label for s in trimmed.samples) == {"a": 6, "b": 4}
    assert trim_classes(cells, 3, 6, seed=1) == trimmed
    assert trim_classes(cells, 3, 6, seed=2) != trimmed


def test_trimming_down_to_one_class_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"1 class\(es\) have 5 images; lower data.drop_below"):
        trim_classes(dataset("aaaaab"), 5, None, seed=0)


def test_folds_part_no_group_and_hold_every_cell_once() -> None:
    cells = dataset("ab" * 30, "".join(chr(65 + i // 4) for i in range(60)))
    folds = divide_into_folds(cells, cells.groups, 3, seed=0)
    seen: list[CellSample] = []
    for fold in range(3):
        parts = take_fold(cells, folds, fold)
        assert not set(parts.train.groups) & set(parts.val.groups)
        assert len(parts.train.samples) + len(parts.val.samples) == 60
        assert Counter(s.label for s in parts.val.samples) == {"a": 10, "b": 10}
        seen += parts.val.samples
    assert sorted(s.path for s in seen) == sorted(s.path for s in cells.samples)
    assert divide_into_folds(cells, cells.groups, 3, seed=0) == folds != divide_into_folds(cells, cells.groups, 3, 1)


def test_split_file_says_part_and_group(tmp_path: Path) -> None:
    rows = [SplitRow(f"{i}.png", part, f"g{i // 2}", "") for i, part in enumerate(("train", "train", "val", "spare"))]
    write_split(tmp_path / "split.csv", rows)
    parts = take_split_file(dataset("abab"), ROOT, tmp_path / "split.csv", "train", "val")
    assert [s.path.name for s in parts.train.samples] == ["0.png", "1.png"]
    assert parts.val.groups == ("g1",)
    with pytest.raises(DatasetError, match=r"does not name 4\.png"):
        take_split_file(dataset("ababa"), ROOT, tmp_path / "split.csv", "train", "val")
    with pytest.raises(DatasetError, match="puts no image of cells into 'test'"):
        take_split_file(dataset("abab"), ROOT, tmp_path / "split.csv", "train", "test")


def counts(labels: str, **changes: int) -> dict[str, int]:
    index = np.array(["abc".index(label) for label in labels])
    settings = {"at_most": None, "at_least": None, "repeat": 1, "repeat_up_to": None, "seed": 0} | changes
    return dict(Counter(labels[i] for i in balance_classes(index, **settings)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"a": 7, "b": 3, "c": 1}),
        ({"at_most": 4}, {"a": 4, "b": 3, "c": 1}),
        ({"at_least": 5}, {"a": 7, "b": 5, "c": 5}),
        ({"at_most": 4, "at_least": 4}, {"a": 4, "b": 4, "c": 4}),
        ({"repeat": 5, "repeat_up_to": 3}, {"a": 7, "b": 15, "c": 5}),
        ({"repeat": 2}, {"a": 14, "b": 6, "c": 2}),
    ],
    ids=["as it is", "undersample", "oversample", "both", "repeat the small", "repeat all"],
)
def test_balancing_gives_the_numbers_asked_for(changes: dict[str, int], expected: dict[str, int]) -> None:
    assert counts("aaaaaaabbbc", **changes) == expected


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(1, 30), st.integers(0, 5))
def test_oversampling_repeats_each_cell_about_as_often(labels: list[int], at_least: int, seed: int) -> None:
    places = balance_classes(np.array(labels), at_most=None, at_least=at_least, repeat=1, repeat_up_to=None, seed=seed)
    for class_index in set(labels):
        often = Counter(int(i) for i in places if labels[i] == class_index)
        assert len(often) == labels.count(class_index)
        assert max(often.values()) - min(often.values()) <= 1
