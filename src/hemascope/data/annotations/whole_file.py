"""Files that appear whole or not at all."""

from pathlib import Path

from hemascope.errors import output_errors


def write_whole(path: Path, text: str) -> None:
    """Writes UTF-8 beside `path` and renames, so that no reader ever sees half a file. Raises OutputError."""
    part = path.with_name(f".{path.name}.part")
    with output_errors(path):
        try:
            part.write_bytes(text.encode())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
