"""Ctrl-C that lets the work in hand be finished first."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer


class StopSwitch:
    """`is_pressed` after the first Ctrl-C; the second one interrupts at once."""

    def __init__(self) -> None:
        self.is_pressed = False

    def press(self, _signal: int, _frame: FrameType | None) -> None:
        if self.is_pressed:
            raise KeyboardInterrupt
        self.is_pressed = True
        typer.echo("stopping after this field; press Ctrl-C again to stop at once", err=True)


@contextmanager
def stop_on_interrupt() -> Iterator[StopSwitch]:
    """For the main thread only, as Python's signal handlers are."""
    switch = StopSwitch()
    before = signal.signal(signal.SIGINT, switch.press)
    try:
        yield switch
    finally:
        signal.signal(signal.SIGINT, before)
