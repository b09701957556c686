"""The folder an analysis writes: when it may be used, how files get into it whole."""

import json
import os
import shutil
from pathlib import Path

from hemascope.errors import OutputError, output_errors

SUMMARY_FILE = "summary.json"
REPORT_FILE = "report.html"
COCO_FILE = "coco.json"
SUMMARY_SCHEMA = "hemascope.summary/1"
_OWN_FOLDERS = ("crops", "fields", "labelme")


def prepare_output_folder(folder: Path, *, overwrite: bool) -> None:
    """Makes `folder`, or empties it of an earlier analysis.

    A folder that holds anything else is refused unless `overwrite`; then nothing is deleted, files of the same name are
    replaced. Raises OutputError.
    """
    with output_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"'{folder}' is a file, but the results need a folder; choose another --out")
        if _is_analysis(folder):
            for name in _OWN_FOLDERS:
                if (folder / name).is_dir():
                    shutil.rmtree(folder / name)
            for name in (REPORT_FILE, COCO_FILE):  # written last: a run that is killed must not leave the old ones
                (folder / name).unlink(missing_ok=True)
        elif folder.exists() and any(folder.iterdir()) and not overwrite:
            raise OutputError(
                f"'{folder}' is not empty and holds no earlier analysis; choose another --out or add --force"
            )
        for name in _OWN_FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)


def _is_analysis(folder: Path) -> bool:
    try:
        summary = json.loads((folder / SUMMARY_FILE).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(summary, dict) and summary.get("schema") == SUMMARY_SCHEMA


def write_whole(path: Path, data: str | bytes) -> None:
    """Writes beside `path` and renames, so that no reader ever sees half a file. Raises OSError."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(data.encode() if isinstance(data, str) else data)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def write_private(path: Path, text: str) -> None:
    """Makes a new file that only its owner can read. Raises OSError, also where there is one already."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
