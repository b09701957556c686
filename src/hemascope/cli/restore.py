"""`hemascope restore`: an installation out of a backup."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.web.operations import restore as operation


def restore(
    file: Annotated[Path, typer.Argument(help="What `hemascope backup` wrote.")],
    data: Annotated[Path, typer.Option(help="The data folder to fill; made if it does not exist.")],
    force: Annotated[bool, typer.Option(help="Set aside what the folder holds; replace the tables.")] = False,
) -> None:
    """Fill a data folder from a backup, once every file in it has been checked. Stop the workstation before."""
    manifest = operation.restore(file, data, force=force)
    typer.echo(f"{len(manifest.files)} files of {manifest.made_at:%Y-%m-%d %H:%M} UTC: {data}")
    typer.echo(f"go on with: hemascope serve --data {data}")
