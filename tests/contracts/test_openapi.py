"""The committed description of the API is the one that the code makes; no migration is missing."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(find_spec("django") is None, reason="the extra [web] is not installed")


def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "hemascope.web.settings.test",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONWARNINGS": "ignore",  # makemigrations warns that the tests' database is not there yet
    }
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)


def test_committed_description_of_the_api_is_up_to_date(tmp_path: Path) -> None:
    made = tmp_path / "openapi.json"
    done = manage("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(made))

    assert done.returncode == 0, done.stderr
    assert made.read_text() == (ROOT / "frontend" / "openapi.json").read_text(), "run: make openapi"


def test_no_migration_is_missing() -> None:
    done = manage("makemigrations", "--check", "--dry-run")

    assert done.returncode == 0, done.stdout
