"""The command `hemascope`: a table of commands, each imported only when it is called.

Nothing heavy (numpy, ONNX Runtime, torch, pydantic, rich) may be imported here, so that `--help` answers at once.
"""

import importlib
import os
import sys
from typing import Annotated, Any, NamedTuple, NoReturn, cast

import typer
from typer.core import TyperGroup

from hemascope import __version__
from hemascope.errors import DependencyMissingError, HemascopeError

EXIT_FAILED = 2
EXIT_INTERRUPTED = 130
_TRAIN_PACKAGES = frozenset({"torch", "torchvision", "timm", "onnx", "onnxscript", "matplotlib"})


class _Entry(NamedTuple):
    module: str  # holds a function or a `typer.Typer` named as the command
    help: str


COMMANDS = {
    "analyze": _Entry("hemascope.cli.analyze", "Find, recognise and count the cells of smear fields; write a report."),
    "detect": _Entry("hemascope.cli.detect", "Find cells: one JSON document with the boxes of every image."),
    "classify": _Entry("hemascope.cli.classify", "Recognise single-cell pictures: one JSON document."),
    "differential": _Entry(
        "hemascope.cli.differential", "Differential count with exact intervals from a table of counts."
    ),
    "report": _Entry("hemascope.cli.report", "Render the report of an earlier analysis again."),
    "train": _Entry("hemascope.cli.train", "Train a model from a recipe."),
    "evaluate": _Entry("hemascope.cli.evaluate", "Measure a model on labelled images."),
    "export": _Entry("hemascope.cli.export", "Turn a trained model into a bundle that the other commands run."),
    "models": _Entry("hemascope.cli.models", "List the installed model bundles; show a model's card."),
    "synth": _Entry("hemascope.cli.synth", "Paint smear fields with known cells, for demonstration and tests."),
    "doctor": _Entry("hemascope.cli.doctor", "Say what is installed, what works and what is broken."),
}


class _LazyGroup(TyperGroup):
    """Looks commands up in `COMMANDS` and imports them on demand; their help texts come from the table.

    Typed loosely, because the context and command types of typer moved between its releases.
    """

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = cast(Any, dict.fromkeys(COMMANDS))  # only the names are used: to list and to suggest

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def load_command(name: str) -> Any:
    """The command object of one entry of `COMMANDS`; raises DependencyMissingError where its extra is not installed."""
    try:
        target = getattr(importlib.import_module(COMMANDS[name].module), name)
    except ModuleNotFoundError as error:
        raise _missing_dependency(error) from error
    if not isinstance(target, typer.Typer):
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(name)(target)
        target = single
    return typer.main.get_command(target)


app = typer.Typer(
    cls=_LazyGroup,
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
        _fail(_missing_dependency(error))
    except KeyboardInterrupt:  # outside of a command, such as while one is imported
        sys.exit(EXIT_INTERRUPTED)


def _fail(error: HemascopeError) -> NoReturn:
    if os.environ.get("HEMASCOPE_DEBUG", "0") not in ("", "0"):
        raise error
    typer.echo(f"error: {error}", err=True)
    sys.exit(EXIT_FAILED)


def _missing_dependency(error: ModuleNotFoundError) -> HemascopeError:
    """What to install where a package of the [train] extra is missing; any other missing module is a fault: raised."""
    package = (error.name or "").partition(".")[0]
    if package not in _TRAIN_PACKAGES:
        raise error
    return DependencyMissingError(
        f"this command needs the package '{package}', which is not installed; run: pip install 'hemascope[train]'"
    )
