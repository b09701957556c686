"""What `pip install hemascope` would get, built from a copy of the project with a few files in it."""

import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APP = Path("src/hemascope/web/app")
LOCALE = "src/hemascope/web/locale/zh_Hans/LC_MESSAGES"
COPIED = (
    "pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore", "src/hemascope/__init__.py",
    f"{LOCALE}/django.po", f"{LOCALE}/django.mo",
)  # fmt: skip

pytestmark = pytest.mark.skipif(find_spec("hatchling") is None, reason="hatchling is not installed")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in COPIED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def build(project: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", "made"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_wheel_holds_the_pages_though_git_ignores_them_and_the_compiled_sentences(project: Path) -> None:
    (project / APP / "assets").mkdir(parents=True)
    for name in ("index.html", "assets/index-D3adB33f.js", "assets/index-D3adB33f.js.gz"):
        (project / APP / name).write_text("x")

    done = build(project)

    assert done.returncode == 0, done.stderr
    (wheel,) = (project / "made").glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert {"hemascope/web/app/index.html", "hemascope/web/app/assets/index-D3adB33f.js.gz"} <= inside
    assert {f"{LOCALE}/django.{kind}".removeprefix("src/") for kind in ("po", "mo")} <= inside


def test_wheel_without_the_pages_is_refused_with_what_to_do(project: Path) -> None:
    done = build(project)

    assert done.returncode != 0
    assert "make app" in done.stderr
    assert list((project / "made").glob("*.whl")) == []
