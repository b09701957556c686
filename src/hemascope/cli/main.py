"""The command `hemascope`: a table of commands, each imported only when it is called.

Nothing heavy (numpy, ONNX Runtime, torch, pydantic, rich) may be imported here, so that `--help` answers at once.
"""

import os
import sys
from typing import Annotated, NoReturn

import typer

from hemascope import __version__
from hemascope.cli.lazy_group import LazyCommand, lazy_group, missing_dependency
from hemascope.errors import HemascopeError

EXIT_FAILED = 2
EXIT_INTERRUPTED = 130


COMMANDS = {
    "analyze": LazyCommand(
        "hemascope.cli.analyze", "Find, recognise and count the cells of smear fields; write a report."
    ),
    "detect": LazyCommand("hemascope.cli.detect", "Find cells: one JSON document with the boxes of every image."),
    "classify": LazyCommand("hemascope.cli.classify", "Recognise single-cell pictures: one JSON document."),
    "differential": LazyCommand(
        "hemascope.cli.differential", "Differential count with exact intervals from a table of counts."
    ),
    "report": LazyCommand("hemascope.cli.report", "Render the report of an earlier analysis again."),
    "train": LazyCommand("hemascope.cli.train", "Train a model from a recipe."),
    "study": LazyCommand("hemascope.cli.study", "Train, measure and time a table of runs side by side."),
    "evaluate": LazyCommand("hemascope.cli.evaluate", "Measure a model on labelled images."),
    "explain": LazyCommand("hemascope.cli.explain", "Draw where a trained classifier looks."),
    "export": LazyCommand("hemascope.cli.export", "Turn a trained model into a bundle that the other commands run."),
    "models": LazyCommand(
        "hemascope.cli.models", "List the model bundles and the networks; show, compare and promote bundles."
    ),
    "data": LazyCommand("hemascope.cli.data", "Get, convert, split and check annotated datasets."),
    "annotate": LazyCommand("hemascope.cli.annotate", "Propose, rank, review and export labels."),
    "serve": LazyCommand("hemascope.cli.serve", "Run the workstation: web server and job workers."),
    "maintain": LazyCommand("hemascope.cli.maintain", "Management commands of a workstation, such as audit_verify."),
    "backup": LazyCommand("hemascope.cli.backup", "Copy a whole workstation into one file, while it works."),
    "restore": LazyCommand("hemascope.cli.restore", "Fill a data folder from a backup."),
    "synth": LazyCommand("hemascope.cli.synth", "Paint smear fields with known cells, for demonstration and tests."),
    "doctor": LazyCommand("hemascope.cli.doctor", "Say what is installed, what works and what is broken."),
}


app = typer.Typer(
    cls=lazy_group(COMMANDS),
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: importing rich costs more than the rest of the start-up
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hemascope {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of errors (or HEMASCOPE_DEBUG=1).")
    ] = False,
) -> None:
    """Blood and bone-marrow cell morphology: from microscope fields to a differential. For research use only."""
    if debug:
        os.environ["HEMASCOPE_DEBUG"] = "1"


def main() -> None:
    """Runs the command of `sys.argv` and exits: 2 with one line on stderr for a HemascopeError, 130 on Ctrl-C."""
    try:
        app()
    except HemascopeError as error:
        _fail(error)
    except ModuleNotFoundError as error:
        _fail(missing_dependency(error))
    except KeyboardInterrupt:  # outside of a command, such as while one is imported
        sys.exit(EXIT_INTERRUPTED)


def _fail(error: HemascopeError) -> NoReturn:
    if os.environ.get("HEMASCOPE_DEBUG", "0") not in ("", "0"):
        raise error
    typer.echo(f"error: {error}", err=True)
    sys.exit(EXIT_FAILED)
