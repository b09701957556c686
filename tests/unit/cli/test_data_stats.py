import json
import sys
from pathlib import Path

import pytest

from dataset_builders import write_pbc, write_txl_pbc
from unit.cli.conftest import Command


def test_stats_prints_a_table_and_what_is_missing(hemascope: Command, tmp_path: Path) -> None:
    root = write_pbc(tmp_path / "pbc", {"train": 2})
    (root / "images" / "monocyte" / "monocyte_train_0.png").unlink()
    outcome = hemascope("data", "stats", root)
    assert outcome.code == 0
    assert "22 images, 0 shapes" in outcome.out
    assert "image size: 72 x 64 21\nsplit: train 22" in outcome.out
    assert "1 images missing or unreadable, such as images/monocyte/monocyte_train_0.png" in outcome.out


def test_stats_writes_json_and_pictures(hemascope: Command, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    root = write_txl_pbc(tmp_path / "txl", {"train": [0, 1], "val": [3]})
    options = ("--classes", "wbc,rbc,platelet", "--json", "-", "--pictures", tmp_path / "pictures")
    outcome = hemascope("data", "stats", root, *options)
    assert outcome.code == 0
    assert json.loads(outcome.out)["shapes"] == 15
    assert "3 images, 3 groups, 15 shapes" in outcome.err
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"classes.png", "box_sizes.png"}


def test_pictures_without_matplotlib_say_what_to_install(
    hemascope: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_pbc(tmp_path / "pbc", {"train": 1})
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "hemascope.evaluation.dataset_pictures", raising=False)
    outcome = hemascope("data", "stats", root, "--pictures", tmp_path / "pictures")
    assert outcome.code == 2
    assert "pip install 'hemascope[train]'" in outcome.err


def test_stats_of_nothing_is_an_error(hemascope: Command, tmp_path: Path) -> None:
    assert "does not exist" in hemascope("data", "stats", tmp_path / "nothing").err
