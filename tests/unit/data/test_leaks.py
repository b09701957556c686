import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hemascope.data.fingerprint_cache import cached_fingerprints
from hemascope.data.leaks import find_leaks, groups_with_copies, refuse_leaks
from hemascope.data.sample import CellSample
from hemascope.errors import DatasetError, OutputError
from hemascope.synth import PRESETS, paint_field


def picture(path: Path, seed: int, turns: int = 0) -> Path:
    rgb = paint_field(PRESETS["peripheral-blood-normal"], seed).rgb[:128, :128]
    Image.fromarray(np.ascontiguousarray(np.rot90(rgb, turns))).save(path)
    return path


@pytest.fixture
def cells(tmp_path: Path) -> list[CellSample]:
    """Three pictures and a turned copy of the first one."""
    made = [(0, 0, "a"), (1, 0, "b"), (2, 0, "b"), (0, 1, "c")]
    return [
        CellSample(picture(tmp_path / f"{i}.png", seed, turns), "x", "s", group)
        for i, (seed, turns, group) in enumerate(made)
    ]


def prints(cells: list[CellSample], cache: Path | None = None) -> dict[Path, object]:
    paths = [cell.path for cell in cells]
    return dict(zip(paths, cached_fingerprints(paths, cache), strict=True))


def test_copy_and_shared_group_are_leaks_across_parts_only(cells: list[CellSample]) -> None:
    seen = prints(cells)
    leaks = find_leaks(cells[:2], cells[2:], seen)  # type: ignore[arg-type]
    assert leaks.groups == ("b",)
    assert leaks.copies == ((cells[0].path, cells[3].path),)
    assert not find_leaks([cells[0], cells[3]], cells[1:3], seen)  # type: ignore[arg-type]


def test_leak_is_refused_with_what_to_do(cells: list[CellSample]) -> None:
    leaks = find_leaks(cells[:2], cells[2:], prints(cells))  # type: ignore[arg-type]
    with pytest.raises(DatasetError, match=r"'train' and 'val' are not apart: 1 pair.*1 group.*allow_leaks: true"):
        refuse_leaks(leaks, "train", "val")


def test_groups_that_hold_copies_become_one(cells: list[CellSample]) -> None:
    assert groups_with_copies(cells, prints(cells)) == ("a", "b", "b", "a")  # type: ignore[arg-type]


def test_cache_spares_reading_what_has_not_changed(cells: list[CellSample], tmp_path: Path) -> None:
    paths, cache, read = [cell.path for cell in cells], tmp_path / "runs" / "prints.json", []
    first = cached_fingerprints(paths, cache, read.append)
    again = cached_fingerprints(paths, cache, read.append)
    assert len(read) == 4
    assert [a.sha256 for a in first] == [b.sha256 for b in again]
    assert all((a.perceptual == b.perceptual).all() for a, b in zip(first, again, strict=True))  # type: ignore[union-attr]
    picture(paths[1], seed=9)
    changed = cached_fingerprints(paths, cache, read.append)
    assert len(read) == 5
    assert changed[1].sha256 != first[1].sha256


@pytest.mark.parametrize("content", ["", "[]", "{", json.dumps({"x": 1})], ids=["empty", "list", "cut", "other"])
def test_damaged_cache_is_made_anew(cells: list[CellSample], tmp_path: Path, content: str) -> None:
    cache = tmp_path / "prints.json"
    cache.write_text(content)
    assert cached_fingerprints([cells[0].path], cache)[0].sha256
    assert str(cells[0].path.resolve()) in json.loads(cache.read_text())


def test_picture_that_cannot_be_read_leaks_nowhere(cells: list[CellSample], tmp_path: Path) -> None:
    lost = CellSample(tmp_path / "lost.png", "x", "s", "lost")
    assert not find_leaks([lost], [cells[0]], prints([lost, cells[0]]))  # type: ignore[arg-type]


def test_cache_that_cannot_be_written_is_told(cells: list[CellSample], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        cached_fingerprints([cells[0].path], tmp_path / "file" / "prints.json")
