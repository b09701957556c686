"""`hemascope models promote`, `rollback` and `history`: which model is used when none is named."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from hemascope.service.active_models import HistoryEntry, Task, read_history
from hemascope.service.promotion import promote as promote_bundle
from hemascope.service.promotion import rollback as roll_back
from hemascope.service.promotion import user_folder

_By = Annotated[str | None, typer.Option(help="Who decides; default: the user's name.")]


def promote(
    name: Annotated[str, typer.Argument(help="Name of an installed bundle.", show_default=False)],
    comparison: Annotated[
        Path | None, typer.Option(help="Document of 'models compare' with the model in use, passed.")
    ] = None,
    force: Annotated[str | None, typer.Option(help="Promote without a passed comparison, for this reason.")] = None,
    by: _By = None,
) -> None:
    """Use a bundle of your own wherever no model is named, because it passed the gate."""
    typer.echo(_line(promote_bundle(name, by or getpass.getuser(), comparison=comparison, force_reason=force)))


def rollback(
    task: Annotated[Task, typer.Argument(help="Which model.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept.", show_default=False)],
    by: _By = None,
) -> None:
    """Use the model before the one in use again."""
    typer.echo(_line(roll_back(task, by or getpass.getuser(), reason)))


def history() -> None:
    """List every promotion and rollback, oldest first."""
    for entry in read_history(user_folder()).entries:
        typer.echo(_line(entry))


def _line(entry: HistoryEntry) -> str:
    model = "the shipped model" if entry.model is None else f"{entry.model.name} ({entry.model.digest[:12]})"
    return f"{entry.at.isoformat()} {entry.action} {entry.task}: {model}, by {entry.by}: {entry.reason}"
