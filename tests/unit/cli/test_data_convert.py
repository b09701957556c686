import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from hemascope.cli.data import data
from hemascope.errors import DatasetError


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A labelme folder: a box with a score, a polygon, one picture."""
    root = tmp_path / "in"
    root.mkdir()
    Image.new("RGB", (64, 48)).save(root / "a.png")
    shapes = [
        {"label": "wbc", "points": [[9, 8], [1, 2]], "shape_type": "rectangle", "description": "score 0.912"},
        {"label": "rbc", "points": [[1, 2], [9, 2], [9, 8]], "shape_type": "polygon"},
    ]
    (root / "a.json").write_text(json.dumps({"shapes": shapes, "imagePath": "a.png", "flags": {"seen": True}}))
    return root


def run(*arguments: object) -> Result:
    return CliRunner().invoke(data, ["convert", *map(str, arguments)])


def test_convert_writes_and_says_what_was_lost(labelled: Path, tmp_path: Path) -> None:
    result = run(labelled, "--to", "voc", "--out", tmp_path / "out")

    assert result.exit_code == 0
    assert result.stdout == f"1 image with 2 shapes, labelme to voc: {tmp_path / 'out'}\n"
    assert result.stderr.splitlines() == [
        "  1 polygon became a box",
        "  1 score was dropped",
        "  1 image lost its flags",
    ]
    assert [path.name for path in (tmp_path / "out").rglob("*.*")] == ["a.xml"]


def test_strict_writes_nothing_when_something_would_be_lost(labelled: Path, tmp_path: Path) -> None:
    result = run(labelled, "--to", "voc", "--out", tmp_path / "out", "--strict")
    assert isinstance(result.exception, DatasetError)
    assert "1 polygon became a box; 1 score was dropped" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_strict_passes_when_nothing_is_lost(labelled: Path, tmp_path: Path) -> None:
    assert run(labelled, "--to", "coco", "--out", tmp_path / "o.json", "--strict").exit_code == 0
    (image,) = json.loads((tmp_path / "o.json").read_text())["images"]
    assert image["file_name"] == "in/a.png"
    assert (image["width"], image["height"]) == (64, 48)


@pytest.mark.parametrize(("option", "links"), [("--copy-images", 1), ("--link-images", 2)])
def test_images_are_brought_along_where_asked_for(labelled: Path, tmp_path: Path, option: str, links: int) -> None:
    assert run(labelled, "--to", "yolo", "--out", tmp_path / "out", option, "--classes", "rbc,wbc").exit_code == 0
    assert (tmp_path / "out/images/a.png").stat().st_nlink == links
    assert (tmp_path / "out/labels/a.txt").read_text().split()[0] == "1"
    assert '  0: "rbc"\n  1: "wbc"\n' in (tmp_path / "out/data.yaml").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--to", "pdf"), "no annotation format 'pdf'; known: labelme, coco"),
        (("--to", "coco", "--from", "pdf"), "no annotation format 'pdf'"),
        (("--to", "coco", "--from", "voc"), "holds no voc annotations; found 1 .json, 1 .png"),
        (("--to", "folders"), "add --copy-images, or --link-images"),
        (("--to", "folders", "--link-images"), "nothing that folders can hold was found: 1 image without a class"),
        (("--to", "coco", "--link-images", "--copy-images"), "exclude each other"),
    ],
)
def test_convert_refuses_what_cannot_be_done(
    labelled: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    result = run(labelled, "--out", tmp_path / "out", *options)
    assert isinstance(result.exception, DatasetError)
    assert message in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_help_of_the_group_loads_nothing_heavy() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from hemascope.cli.data import data\n"
        "result = CliRunner().invoke(data, ['--help'])\n"
        "assert 'convert' in result.stdout, result\n"
        "assert not {'numpy', 'pydantic', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
