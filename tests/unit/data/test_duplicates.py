from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hemascope.data import duplicates
from hemascope.data.duplicates import (
    HASH_BITS,
    NEAR_DISTANCE,
    HashArray,
    families,
    fingerprint,
    fingerprints,
    identical_pairs,
    near_pairs,
    near_pairs_of,
    perceptual_hash,
)
from hemascope.imaging.resize import RgbArray

TURNS: dict[str, Callable[[RgbArray], RgbArray]] = {
    "as it is": lambda rgb: rgb,
    "quarter turn": lambda rgb: np.rot90(rgb, 1),
    "half turn": lambda rgb: np.rot90(rgb, 2),
    "three quarters": lambda rgb: np.rot90(rgb, 3),
    "mirrored": lambda rgb: rgb[:, ::-1],
    "upside down": lambda rgb: rgb[::-1],
    "transposed": lambda rgb: rgb.transpose(1, 0, 2),
    "transposed and turned": lambda rgb: rgb.transpose(1, 0, 2)[::-1, ::-1],
}


def blots(seed: int, width: int = 80, height: int = 64) -> RgbArray:
    """A smooth picture like no other."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def distance(a: RgbArray, b: RgbArray) -> int:
    return int(near_pairs(np.stack([perceptual_hash(a), perceptual_hash(b)]), HASH_BITS)[0, 2])


@pytest.mark.parametrize("turn", TURNS)
def test_picture_is_near_its_copy_in_every_position(turn: str) -> None:
    assert distance(blots(1), np.ascontiguousarray(TURNS[turn](blots(1)))) <= 4


@pytest.mark.parametrize(
    "change",
    [
        lambda rgb: np.clip(rgb.astype(int) * 0.6 + 30, 0, 255).astype(np.uint8),
        lambda rgb: np.asarray(Image.fromarray(rgb).resize((200, 170))),
        lambda rgb: np.clip(rgb.astype(int) + np.random.default_rng(0).integers(-8, 9, rgb.shape), 0, 255).astype(
            np.uint8
        ),
    ],
    ids=["darker", "other size", "noise"],
)
def test_picture_is_near_its_changed_copy(change: Callable[[RgbArray], RgbArray]) -> None:
    assert distance(blots(2), change(blots(2))) <= NEAR_DISTANCE


def test_different_pictures_are_far_apart() -> None:
    hashes = np.stack([perceptual_hash(blots(seed)) for seed in range(30)])
    assert near_pairs(hashes, NEAR_DISTANCE).shape == (0, 3)


def slow_distance(a: HashArray, b: HashArray) -> int:
    """By its definition: over the eight positions, disagreeing signs of all frequencies but the first."""
    signs_a, signs_b = np.where(a, 1, -1), np.where(b, 1, -1)
    vertical, horizontal = np.indices(a.shape)
    found = []
    for other in (signs_b, signs_b.T):
        for up in (1, -1):
            for left in (1, -1):
                mirrored = other * np.where(vertical % 2, up, 1) * np.where(horizontal % 2, left, 1)
                found.append(int((signs_a != mirrored).sum()))
    return min(found)


@given(st.integers(0, 2**32 - 1), st.integers(2, 7), st.integers(60, 130))
def test_near_pairs_equal_the_definition(seed: int, count: int, max_distance: int) -> None:
    rng = np.random.default_rng(seed)
    hashes = rng.random((count, 16, 16)) < 0.5
    hashes[:, 0, 0] = False
    expected = [
        (i, j, d)
        for i in range(count)
        for j in range(i + 1, count)
        if (d := slow_distance(hashes[i], hashes[j])) <= max_distance
    ]
    assert [tuple(row) for row in near_pairs(hashes, max_distance).tolist()] == expected


def test_near_pairs_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = np.stack([perceptual_hash(blots(seed % 5)) for seed in range(23)])
    whole = near_pairs(hashes)
    monkeypatch.setattr(duplicates, "_BLOCK", 4)
    assert len(whole) > 10
    assert np.array_equal(near_pairs(hashes), whole)


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_compare_gives_no_pair(count: int) -> None:
    assert near_pairs(np.zeros((count, 16, 16), bool)).shape == (0, 3)


def test_fingerprints_come_in_order_and_tell_what_cannot_be_read(tmp_path: Path) -> None:
    Image.fromarray(blots(1)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    Image.fromarray(blots(1)).save(tmp_path / "c.jpg", quality=80)
    (tmp_path / "text.png").write_text("no image")
    paths = [tmp_path / name for name in ("a.png", "missing.png", "b.png", "text.png", "c.jpg")]
    seen: list[object] = []
    prints = fingerprints(paths, seen.append, threads=2)

    assert seen == prints
    assert [one.fault is None for one in prints] == [True, False, True, False, True]
    assert "No such file" in str(prints[1].fault)
    assert "plain text" in str(prints[3].fault)
    assert (prints[0].width, prints[0].height) == (80, 64)
    assert identical_pairs([one.sha256 for one in prints]).tolist() == [[0, 2]]
    assert near_pairs_of(prints)[:, :2].tolist() == [[0, 2], [0, 4], [2, 4]]
    assert fingerprint(paths[0]).sha256 == prints[2].sha256


def test_no_readable_picture_gives_no_pair(tmp_path: Path) -> None:
    assert near_pairs_of(fingerprints([tmp_path / "missing.png"])).shape == (0, 3)
    assert identical_pairs([None, None]).shape == (0, 2)


@pytest.mark.parametrize(
    ("count", "pairs", "expected"),
    [
        (0, [], []),
        (3, [], [0, 1, 2]),
        (5, [(0, 3), (3, 4)], [0, 1, 2, 0, 0]),
        (4, [(2, 1), (1, 2), (0, 0)], [0, 1, 1, 2]),
    ],
    ids=["nothing", "no pair", "chain", "twice and with itself"],
)
def test_families_follow_chains_of_pairs(count: int, pairs: list[tuple[int, int]], expected: list[int]) -> None:
    assert families(count, np.array(pairs, np.int64).reshape(-1, 2)).tolist() == expected
