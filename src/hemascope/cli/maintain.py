"""`hemascope maintain`: Django's and our own commands for an installation, such as `audit_verify`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from hemascope.web.installation import environment_for


def maintain(
    arguments: Annotated[list[str], typer.Argument(help="Command and its arguments; put `--` before its options.")],
    data: Annotated[Path, typer.Option(help="The data folder of the installation.")],
) -> None:
    """Run a management command on an installation: audit_verify, audit_export, migrate, shell, help ..."""
    os.environ.update(environment_for(data, os.environ))
    from django.core.management import execute_from_command_line

    execute_from_command_line(["hemascope maintain", *arguments])
