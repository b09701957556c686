"""Files in a folder of this machine or of a network share."""

import secrets
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage

from hemascope.errors import output_errors


class FolderStorage(FileSystemStorage):
    """A file is there whole or not at all, and replaces the one that had its name. Raises OutputError."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        path = Path(self.path(name))
        part = f"{name}.{secrets.token_hex(4)}.part"
        with output_errors(path):
            try:
                super()._save(part, content)  # type: ignore[misc]  # the stubs lack it
                Path(self.path(part)).replace(path)
            except OSError:
                Path(self.path(part)).unlink(missing_ok=True)
                raise
        return name
