"""Files that appear whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hemascope.errors import OutputError


@contextmanager
def output_errors(place: Path) -> Iterator[None]:
    """Turns OSError (disk full, read-only, no permission) into OutputError that names the place."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write to '{place}': {error.strerror or error}; check free space and permissions, or choose another"
        ) from error


def write_whole(path: Path, text: str) -> None:
    """Writes UTF-8 beside `path` and renames, so that no reader ever sees half a file. Raises OutputError."""
    part = path.with_name(f".{path.name}.part")
    with output_errors(path):
        try:
            part.write_bytes(text.encode())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
