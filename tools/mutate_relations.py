"""Swaps each relation of the classification rules (">=" for ">", "<" for "<=") and counts the swaps no test notices.

    python tools/mutate_relations.py "python -m pytest -x -q tests/unit/hematology/classification/test_conditions.py"

Relations are text in the rules, which cosmic-ray does not touch. Work on a copy of the repository: files are changed in
place and put back.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

FOLDER = Path("src/hemascope/hematology/classification")
SWAPPED = {">=": ">", ">": ">=", "<=": "<", "<": "<="}

command = shlex.split(sys.argv[1])
total = 0
survived = []
for path in (FOLDER / name for name in ("fab.py", "who2022.py", "icc2022.py")):
    text = path.read_text(encoding="utf-8")
    try:
        for match in re.finditer(r'"(>=|>|<=|<)"', text):
            path.write_text(f'{text[: match.start()]}"{SWAPPED[match[1]]}"{text[match.end() :]}', encoding="utf-8")
            total += 1
            if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0:
                survived.append(f"{path.name}:{text.count(chr(10), 0, match.start()) + 1}")
    finally:
        path.write_text(text, encoding="utf-8")
print(f"{total - len(survived)} of {total} killed; survived: {', '.join(survived) or 'none'}")
