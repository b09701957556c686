"""Rows of a large file gathered by image on disk, so that memory does not grow with the file."""

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from hemascope.errors import DatasetError, OutputError

Key = int | str  # 1 and "1" are two keys

_BATCH = 1000
_SCHEMA = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -8192;
    PRAGMA temp_store = FILE;
    CREATE TABLE images (number INTEGER PRIMARY KEY, key, row);
    CREATE TABLE shapes (number INTEGER PRIMARY KEY, image, key, row);
    BEGIN;
"""
_INDEXES = """
    CREATE INDEX image_by_key ON images (key);
    CREATE INDEX shape_by_key ON shapes (key);
    CREATE INDEX shape_by_image ON shapes (image);
"""


class RowsByImage:
    """A temporary database of image rows and shape rows; a context that removes it at the end.

    It lies in the system's folder for temporary files (TMPDIR) and grows to about the size of the file that is read.
    `finish` is called once, after the last row and before anything is asked.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hemascope-")
        self._database = sqlite3.connect(Path(self._folder.name) / "rows.sqlite", isolation_level=None)
        self._database.executescript(_SCHEMA)
        self._images: list[tuple[Key, str]] = []
        self._shapes: list[tuple[Key, Key | None, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
        self._folder.cleanup()

    def add_image(self, key: Key, row: Any) -> None:
        """`row` is any JSON value; of several with one key the first counts. Raises OutputError (disk full)."""
        self._images.append((key, json.dumps(row)))
        if len(self._images) >= _BATCH:
            self._store()

    def add_shape(self, image: Key, key: Key | None, row: Any) -> None:
        """Images and shapes may come in any order; `key` None is never a duplicate."""
        self._shapes.append((image, key, json.dumps(row)))
        if len(self._shapes) >= _BATCH:
            self._store()

    def finish(self) -> None:
        self._store()
        with _named_trouble():
            self._database.executescript(_INDEXES)

    def duplicate_key(self, table: Literal["images", "shapes"]) -> Key | None:
        """The key of more than one row, None where there is no such key."""
        return self._first(f"SELECT key FROM {table} WHERE key NOT NULL GROUP BY key HAVING count(*) > 1 LIMIT 1")

    def unknown_image(self) -> Key | None:
        """An image that a shape names and that was never added."""
        return self._first(
            "SELECT image FROM shapes WHERE NOT EXISTS (SELECT 1 FROM images WHERE key = shapes.image) LIMIT 1"
        )

    def images(self) -> Iterator[tuple[Any, list[Any]]]:
        """Image rows in the order they were added, each with its shape rows in theirs."""
        first_of_key = "SELECT min(number) FROM images GROUP BY key"
        for key, row in self._database.execute(
            f"SELECT key, row FROM images WHERE number IN ({first_of_key}) ORDER BY number"
        ):
            shapes = self._database.execute("SELECT row FROM shapes WHERE image = ? ORDER BY number", (key,))
            yield json.loads(row), [json.loads(text) for (text,) in shapes]

    def _first(self, query: str) -> Key | None:
        found: tuple[Key] | None = self._database.execute(query).fetchone()
        return found[0] if found else None

    def _store(self) -> None:
        with _named_trouble():
            self._database.executemany("INSERT INTO images (key, row) VALUES (?, ?)", self._images)
            self._database.executemany("INSERT INTO shapes (image, key, row) VALUES (?, ?, ?)", self._shapes)
        self._images.clear()
        self._shapes.clear()


@contextmanager
def _named_trouble() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OutputError(
            f"the temporary database in '{tempfile.gettempdir()}' failed ({error}); "
            "free space there, or name another folder in the environment variable TMPDIR"
        ) from error
    except OverflowError as error:
        raise DatasetError(
            f"an id does not fit into 64 bits ({error}); number images and annotations from 1"
        ) from error
