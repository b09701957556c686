"""Waiting for another thread or process, without timing anything."""

import time
from collections.abc import Callable

PATIENCE_S = 60  # a busy machine is no failure


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)
