"""The `manifest.csv` that lists a dataset's images: one row an image, paths relative to the folder."""

import csv
from pathlib import Path

from hemascope.errors import DatasetError


def read_manifest_table(root: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows of `root/manifest.csv`; columns beyond `columns` are allowed.

    Raises DatasetError when the file is missing, unreadable or empty, lacks a column, or a row is too short.
    """
    path = root / "manifest.csv"
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError as error:
        raise DatasetError(f"{root} has no manifest.csv; give the dataset's own folder") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read as a CSV table: {error}") from error
    if not rows:
        raise DatasetError(f"{path} lists no image")
    missing = [c for c in columns if c not in rows[0]]
    if missing:
        raise DatasetError(f"{path} lacks the column(s) {', '.join(missing)}; found {', '.join(rows[0])}")
    for number, row in enumerate(rows, start=1):
        empty = [c for c in columns if not row[c]]
        if empty:
            raise DatasetError(f"{path}: image {number} has no {', '.join(empty)}")
    return rows


WHOLE = "all"  # the split of everything, whatever its row says


def rows_of_split(rows: list[dict[str, str]], split: str, root: Path) -> list[dict[str, str]]:
    """Rows whose `split` column equals `split`, all rows for `all`.

    DatasetError names the splits that exist when there is none, also where the table has no such column.
    """
    if split == WHOLE:
        return rows
    if "split" not in rows[0]:
        raise DatasetError(
            f"{root} is not divided, so it has no split '{split}', only '{WHOLE}'; divide it with data.folds or "
            "data.split_file in the recipe"
        )
    chosen = [row for row in rows if row["split"] == split]
    if not chosen:
        known = sorted({row["split"] for row in rows})
        raise DatasetError(f"{root} has no split '{split}'; its splits: {', '.join(known)}")
    return chosen
