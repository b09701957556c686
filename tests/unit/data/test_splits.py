from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.core.boxes import IntArray
from hemascope.data.splits import (
    SplitRow,
    assign_groups,
    equal_folds,
    joint_groups,
    parse_shares,
    read_split,
    write_split,
)
from hemascope.errors import DatasetError

SHARES = {"train": 0.7, "val": 0.2, "test": 0.1}


def one_hot(labels: list[int], classes: int = 3) -> IntArray:
    return np.eye(classes, dtype=np.int64)[labels]


@st.composite
def grouped_images(draw: st.DrawFn) -> tuple[list[str], list[int]]:
    """Groups of 1 to 9 images with classes; enough of them that every part gets one."""
    sizes = draw(st.lists(st.integers(1, 9), min_size=25, max_size=60))
    groups = [f"g{number}" for number, size in enumerate(sizes) for _ in range(size)]
    labels = draw(st.lists(st.integers(0, 2), min_size=len(groups), max_size=len(groups)))
    return groups, labels


@settings(max_examples=40)
@given(grouped_images(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_split_keeps_groups_whole_and_shares_near_whatever_the_order(images, seed, random) -> None:  # type: ignore[no-untyped-def]
    groups, labels = images
    split = assign_groups(groups, one_hot(labels), SHARES, seed)

    part_of = {}
    for group, part in zip(groups, split, strict=True):
        assert part_of.setdefault(group, part) == part
    largest = max(Counter(groups).values())
    for part, share in SHARES.items():
        assert split.count(part) < share * len(groups) + largest
    order = list(range(len(groups)))
    random.shuffle(order)
    again = assign_groups([groups[i] for i in order], one_hot([labels[i] for i in order]), SHARES, seed)
    assert [again[order.index(i)] for i in range(len(groups))] == list(split)


def test_every_class_is_shared_out_alike() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [600, 90, 30]).tolist()
    groups = [f"{label}-{rng.integers(0, 40 if label == 0 else 15)}" for label in labels]
    split = np.array(assign_groups(groups, one_hot(labels), {"train": 0.8, "val": 0.2}))
    for label, total in ((0, 600), (1, 90), (2, 30)):
        validated = int((split[np.array(labels) == label] == "val").sum())
        assert abs(validated / total - 0.2) < 0.07, (label, validated)


def test_rare_class_of_a_few_boxes_reaches_both_parts() -> None:
    boxes = np.zeros((40, 2), np.int64)
    boxes[:, 0] = 10
    boxes[[3, 17, 22, 31], 1] = 1
    split = assign_groups([str(i) for i in range(40)], boxes, {"train": 0.5, "val": 0.5})
    assert [split[i] for i in (3, 17, 22, 31)].count("val") == 2


def test_seeds_give_different_splits_and_one_seed_the_same() -> None:
    groups = [str(i) for i in range(60)]
    splits = {seed: assign_groups(groups, one_hot([0] * 60), SHARES, seed) for seed in range(4)}
    assert len(set(splits.values())) == 4
    assert assign_groups(groups, one_hot([0] * 60), SHARES, 2) == splits[2]


def test_folds_are_of_one_size() -> None:
    split = assign_groups([str(i) for i in range(50)], one_hot([i % 3 for i in range(50)]), equal_folds(5))
    assert Counter(split) == {f"fold{i}": 10 for i in range(5)}


@pytest.mark.parametrize("groups", [[], ["a"] * 9, ["a", "a", "b"]], ids=["no image", "one group", "two groups"])
def test_too_few_groups_are_refused(groups: list[str]) -> None:
    with pytest.raises(DatasetError, match="too few for 3 parts: nothing is left for"):
        assign_groups(groups, one_hot([0] * len(groups)), SHARES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no share"),
        ("train", "'train' is no share"),
        ("train=most,val=0.2", "'train=most' is no share"),
        ("train=0.5,train=0.5", "'train' is given twice"),
        ("train=1", "needs two parts or more"),
        ("train=0.8,val=0.1", "sum to 0.9"),
        ("train=1.2,val=-0.2", "share above 0"),
        ("train=inf,val=0.2", "share above 0"),
    ],
)
def test_shares_that_make_no_split_are_refused(text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        parse_shares(text)


def test_shares_are_read_with_spaces() -> None:
    assert parse_shares(" train = 0.8 , val=.2") == {"train": 0.8, "val": 0.2}


def test_single_fold_is_refused() -> None:
    with pytest.raises(DatasetError, match="ask for 2 or more"):
        equal_folds(1)


@pytest.mark.parametrize(
    ("groups", "family", "expected"),
    [
        ([], [], ()),
        (["b", "a"], [0, 1], ("b", "a")),
        (["b", "a", "c"], [0, 0, 1], ("a", "a", "c")),
        (["c", "b", "b", "a", "d"], [0, 0, 1, 1, 2], ("a", "a", "a", "a", "d")),
    ],
    ids=["nothing", "no copies", "two groups with a copy", "a chain"],
)
def test_groups_with_copies_of_each_other_become_one(
    groups: list[str], family: list[int], expected: tuple[str, ...]
) -> None:
    assert joint_groups(groups, np.array(family, np.int64)) == expected


def test_split_file_is_read_back_and_is_a_manifest(tmp_path: Path) -> None:
    rows = (SplitRow("images/a, b.jpg", "train", "p1", "blast"), SplitRow("ü.png", "val", "p2", ""))
    write_split(tmp_path / "split.csv", rows)
    assert read_split(tmp_path / "split.csv") == rows
    assert (tmp_path / "split.csv").read_text("utf-8").splitlines()[0] == "file,split,group,label"
    assert [path.name for path in tmp_path.iterdir()] == ["split.csv"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist; make it with 'hemascope data split'"),
        (b"", "lacks file, split, group"),
        (b"file,split\na,b\n", "lacks group"),
        (b"file,split,group\n,val,g\n", "row 1 names no file"),
        (b"file,split,group\na,,g\n", "row 1 names no split"),
        (b"file,split,group\na,val,g\na,train,g\n", "lists 'a' twice"),
        (b"\xff\xfe\0", "cannot be read as a CSV table"),
    ],
    ids=["missing", "empty", "column", "file", "split", "twice", "no text"],
)
def test_damaged_split_file_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "split.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        read_split(tmp_path / "split.csv")
