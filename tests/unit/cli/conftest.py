import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from builders import BLUE, DARK, RED, paint_squares, tiny_bundle
from hemascope.cli.main import main


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def hemascope(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command line in this process."""

    def run(*arguments: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["hemascope", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Outcome(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user folder with the bundles `tiny-detection` and `tiny-classification`."""
    folder = tmp_path / "bundles"
    for task in ("detection", "classification"):
        tiny_bundle(folder / f"tiny-{task}", task)
    monkeypatch.setenv("HEMASCOPE_BUNDLES", str(folder))
    return folder


def paint_smear(path: Path) -> Path:
    """Two white cells, a red one and a platelet for the tiny detector."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rgb = paint_squares(640, 480, [(2, 3, DARK), (10, 4, DARK), (5, 8, RED), (15, 9, BLUE)])
    Image.fromarray(rgb).save(path)
    return path


def paint_crop(path: Path, colour: tuple[int, int, int]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((64, 64, 3), colour, np.uint8)).save(path)
    return path
