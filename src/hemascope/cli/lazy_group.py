"""A group of commands, each imported only when it is called, so that `--help` answers at once."""

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import typer
from typer.core import TyperGroup

from hemascope.errors import DependencyMissingError, HemascopeError

_EXTRA_OF_PACKAGE = {
    **dict.fromkeys(("torch", "torchvision", "timm", "transformers", "onnx", "onnxscript", "matplotlib"), "train"),
    **dict.fromkeys(("django", "rest_framework", "structlog", "gunicorn"), "web"),
    "pymysql": "mysql",
    "celery": "redis",
}


class LazyCommand(NamedTuple):
    module: str  # holds a function or a `typer.Typer` named as the command
    help: str


def lazy_group(commands: Mapping[str, LazyCommand]) -> type[TyperGroup]:
    """The `cls` of a `typer.Typer` whose commands are looked up in a table; their help texts come from it.

    Typed loosely, because the context and command types of typer moved between its releases.
    """

    class _Group(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = cast(Any, dict.fromkeys(commands))  # only the names are used: to list and to suggest

        def get_command(self, _ctx: Any, cmd_name: str) -> Any:
            return load_command(cmd_name, commands[cmd_name].module) if cmd_name in commands else None

        def format_commands(self, _ctx: Any, formatter: Any) -> None:
            with formatter.section("Commands"):
                formatter.write_dl([(name, entry.help) for name, entry in commands.items()])

    return _Group


def load_command(name: str, module: str) -> Any:
    """The command object `name` of a module; raises DependencyMissingError where its extra is not installed."""
    try:
        target = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise missing_dependency(error) from error
    if not isinstance(target, typer.Typer):
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(name)(target)
        target = single
    return typer.main.get_command(target)


def missing_dependency(error: ModuleNotFoundError) -> HemascopeError:
    """What to install where a package of an extra is missing; any other missing module is a fault: raised."""
    package = (error.name or "").partition(".")[0]
    if package not in _EXTRA_OF_PACKAGE:
        raise error
    extra = _EXTRA_OF_PACKAGE[package]
    return DependencyMissingError(
        f"this command needs the package '{package}', which is not installed; run: pip install 'hemascope[{extra}]'"
    )
