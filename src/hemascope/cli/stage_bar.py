"""A bar on stderr for work in stages of known length, each replacing the one before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def stage_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Gives `report(stage, done, total)`; where nobody watches, one line when a stage is done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading data", total=None)

        def report(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)
            if done == total and not console.is_terminal:
                typer.echo(f"{stage} done", err=True)

        yield report
