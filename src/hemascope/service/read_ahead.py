"""Reads image files one ahead of the caller: decoding needs no network, and a core is free while one runs."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from hemascope.imaging.decode import ImageSource, open_image
from hemascope.inference.stage_times import StageTimes

Prepared = TypeVar("Prepared")

ALONE_ABOVE_PX = 4096 * 4096  # nothing is read beside a larger image: two of them are never in memory


@dataclass(frozen=True, slots=True)
class ReadImage(Generic[Prepared]):
    """An open image and what was made of it; `seconds` were spent on both in the reading thread."""

    source: ImageSource
    prepared: Prepared
    seconds: float
    close: Callable[[], None]


class ImageReader(Generic[Prepared]):
    """Opens `paths` in their order and calls `prepare` with each image, in a thread of its own.

    `times` learns of the decoding as "decode".
    A context manager: at its end the thread is gone and every file closed.
    """

    def __init__(
        self, paths: Sequence[Path], prepare: Callable[[ImageSource], Prepared], times: StageTimes | None = None
    ) -> None:
        self._paths = iter(paths)
        self._prepare = prepare
        self._times = times or StageTimes()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="read")
        self._ahead: Future[ReadImage[Prepared]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        ahead = self._ahead
        if ahead is not None and not ahead.cancelled() and ahead.exception() is None:
            ahead.result().close()

    @contextmanager
    def next_image(self) -> Iterator[ReadImage[Prepared]]:
        """The image of the next path, open until the block ends; the path after it is read meanwhile.

        To be called once for each path. Raises what `open_image` and `prepare` raise.
        """
        reading, self._ahead = self._ahead or self._start(next(self._paths)), None
        with closing(reading.result()) as image:
            if image.source.width * image.source.height <= ALONE_ABOVE_PX:
                following = next(self._paths, None)
                self._ahead = self._start(following) if following is not None else None
            yield image

    def _start(self, path: Path) -> Future[ReadImage[Prepared]]:
        return self._pool.submit(self._read, path)

    def _read(self, path: Path) -> ReadImage[Prepared]:
        with ExitStack() as files:
            started_s = time.perf_counter()
            with self._times.measure("decode"):
                source = files.enter_context(open_image(path))
            prepared = self._prepare(source)
            return ReadImage(source, prepared, time.perf_counter() - started_s, files.pop_all().close)
