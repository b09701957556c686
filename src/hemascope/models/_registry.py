"""One table of networks; `hemascope train` and the tests find every network here."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import signature
from typing import Any, Literal, TypeVar

from torch import nn

from hemascope.errors import ModelError

Task = Literal["detection", "classification"]
Builder = TypeVar("Builder", bound=Callable[..., nn.Module])


@dataclass(frozen=True, slots=True)
class _Entry:
    task: Task
    build: Callable[..., nn.Module]


_ENTRIES: dict[str, _Entry] = {}


def register_model(task: Task) -> Callable[[Builder], Builder]:
    """Register a builder `f(num_classes, **options)` under its function name; a second one of that name raises."""

    def add(build: Builder) -> Builder:
        if build.__name__ in _ENTRIES:
            raise ModelError(f"a model named '{build.__name__}' is registered already; choose another name")
        _ENTRIES[build.__name__] = _Entry(task, build)
        return build

    return add


def list_models(task: Task | None = None) -> list[str]:
    """Names of the registered networks, sorted."""
    return sorted(name for name, entry in _ENTRIES.items() if task in (None, entry.task))


def create_model(name: str, *, task: Task, num_classes: int, **options: Any) -> nn.Module:
    """Build a network by name; `options` are keyword arguments of its builder.

    Raises ModelError for an unknown name, a wrong task, and an option that the network lacks or cannot use.
    """
    entry = _ENTRIES.get(name)
    if entry is None or entry.task != task:
        raise ModelError(f"no {task} model '{name}'; {_suggest(name, list_models(task))}")
    known = [option for option in signature(entry.build).parameters if option != "num_classes"]
    for option in options:
        if option not in known:
            raise ModelError(f"model '{name}' has no option '{option}'; {_suggest(option, known)}")
    try:
        return entry.build(num_classes=num_classes, **options)
    except (TypeError, ValueError) as error:
        raise ModelError(f"model '{name}' cannot be built with the options {options}: {error}") from error


def _suggest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"known: {', '.join(known)}" + (f". Did you mean '{close[0]}'?" if close else "")
