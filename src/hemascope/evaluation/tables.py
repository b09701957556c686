"""Tables of an evaluation on disk."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from hemascope.errors import OutputError


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Makes the folder; what fails inside is an OutputError that names it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise OutputError(f"cannot write the evaluation to {out}: {error}") from error


def write_json(path: Path, document: dict[str, object]) -> None:
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def write_rows(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A CSV file; fractions with four digits."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([[f"{v:.4f}" if isinstance(v, float) else v for v in row] for row in rows])


def write_records(path: Path, record: type[Any], rows: Sequence[Any]) -> None:
    """Dataclass instances as a CSV file with a column for every field; without rows the header only."""
    write_rows(path, [field.name for field in fields(record)], [astuple(row) for row in rows])
