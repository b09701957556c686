"""How a command that reads many files ends: each problem on stderr, the document written, the exit code."""

import sys
from pathlib import Path
from typing import NoReturn

import typer

from hemascope.errors import OutputError, output_errors
from hemascope.service.output_folder import write_whole
from hemascope.service.problems import InputProblem

_ALL_READ, _SOME_UNREADABLE, _NOTHING_USABLE = 0, 1, 2


def show_problem(problem: InputProblem) -> None:
    typer.echo(f"unusable: {problem.file}: {problem.message} [{problem.code}]", err=True)


def write_document(text: str, target: str) -> None:
    """To the file `target`, or to stdout for `-`. Raises OutputError."""
    if target == "-":
        sys.stdout.write(text)
        return
    with output_errors(Path(target)):
        write_whole(Path(target), text)


def check_writable(target: str) -> None:
    """Raises OutputError now, rather than after hours of work, where `target` has no folder to lie in."""
    if target != "-" and not Path(target).absolute().parent.is_dir():
        raise OutputError(f"cannot write '{target}': its folder does not exist; make it first")


def exit_with(*, usable: int, unusable: int) -> NoReturn:
    """Ends the command: 0 all inputs were read, 1 some were not, 2 none was."""
    if usable == 0:
        typer.echo("error: nothing usable was given", err=True)
        raise typer.Exit(_NOTHING_USABLE)
    raise typer.Exit(_SOME_UNREADABLE if unusable else _ALL_READ)
