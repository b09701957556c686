"""Where the time of a run goes."""

import time
from collections.abc import Sequence


class StageClock:
    """`lap` books the time since the last mark on a stage; `seconds` holds the sums."""

    def __init__(self, stages: Sequence[str]) -> None:
        self.seconds = dict.fromkeys(stages, 0.0)
        self._started_s = self._marked_s = time.perf_counter()

    def restart(self) -> float:
        """Sets the mark without booking; returns it."""
        self._marked_s = time.perf_counter()
        return self._marked_s

    def lap(self, stage: str) -> float:
        """Returns the new mark."""
        now_s = time.perf_counter()
        self.seconds[stage] += now_s - self._marked_s
        self._marked_s = now_s
        return now_s

    def total_s(self) -> float:
        return time.perf_counter() - self._started_s
