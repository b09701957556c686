"""A new file that grows by whole pieces."""

from pathlib import Path


class AppendFile:
    """Each `append` is with the operating system when it returns; one that fails (disk full) leaves no half piece."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb", buffering=0)

    def append(self, text: str) -> None:
        """Raises OSError; the file then ends where the last good call ended."""
        good_end = self._file.tell()
        rest = memoryview(text.encode())
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(good_end)
            self._file.seek(good_end)
            raise

    def close(self) -> None:
        self._file.close()
