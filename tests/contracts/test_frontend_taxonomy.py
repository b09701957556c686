"""The front end's cell classes are those of the server."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_classes_of_the_front_end_are_those_of_the_taxonomy() -> None:
    written = json.loads((ROOT / "frontend/src/taxonomy/classes.json").read_text(encoding="utf-8"))
    tool = [sys.executable, str(ROOT / "tools/taxonomy_json.py")]
    now = subprocess.run(tool, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    assert written == json.loads(now), "run `make openapi`"
