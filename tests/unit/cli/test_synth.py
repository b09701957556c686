from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from hemascope.cli.synth import synth
from hemascope.errors import OutputError, SynthSettingsError

app = typer.Typer()
app.command()(synth)


def _run(out: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["--out", str(out), "--fields", "2", "--width", "96", "--height", "64", *options])


def test_synth_writes_the_pictures_and_their_truth(tmp_path: Path) -> None:
    result = _run(tmp_path / "smear", "--preset", "bone-marrow", "--masks")

    assert result.exit_code == 0
    assert result.stdout.startswith("2 fields with ")
    assert sorted(path.name for path in (tmp_path / "smear").rglob("*.*")) == [
        "field_0001.jpg",
        "field_0001.png",
        "field_0002.jpg",
        "field_0002.png",
        "truth.csv",
        "truth.json",
    ]


def test_synth_writes_pictures_only_when_no_truth_is_wanted(tmp_path: Path) -> None:
    assert _run(tmp_path, "--no-truth").exit_code == 0
    assert {path.suffix for path in tmp_path.iterdir()} == {".jpg"}


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        (("--preset", "liver"), SynthSettingsError, "unknown preset 'liver': choose one of peripheral-blood-normal"),
        (("--look", "pink"), SynthSettingsError, "unknown look 'pink'"),
        (("--width", "8"), SynthSettingsError, "width is 8"),
        (("--fields", "0"), SynthSettingsError, "fields is 0"),
        (("--seed", "-1"), SynthSettingsError, "seed is -1"),
        (("--out", "/dev/null/smear"), OutputError, "cannot write to /dev/null/smear"),
    ],
)
def test_synth_refuses_what_it_cannot_paint_or_write(
    tmp_path: Path, options: tuple[str, ...], error: type[Exception], text: str
) -> None:
    result = _run(tmp_path, *options)

    assert isinstance(result.exception, error)
    assert text in str(result.exception)
