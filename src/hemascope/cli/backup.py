"""`hemascope backup`: a whole installation into one file."""

import os
from pathlib import Path
from typing import Annotated

import typer

from hemascope.web.installation import environment_for


def backup(
    data: Annotated[Path, typer.Option(help="The data folder of the installation.")],
    out: Annotated[Path, typer.Option(help="The file to write, such as hemascope-2026-01-31.tar; must not exist.")],
    with_keys: Annotated[
        bool, typer.Option(help="Put the keys of patients' identities into it: who has the file can then read them.")
    ] = False,
) -> None:
    """Copy database and files of an installation into one file; it may go on working meanwhile.

    Without --with-keys keep `identity.keys` and `identity-index.key` elsewhere: a restore needs them.
    """
    os.environ.update(environment_for(data, os.environ))
    import django

    django.setup()
    from hemascope.web.operations.backup import backup_make

    manifest = backup_make(out, with_keys=with_keys)
    size = sum(file.bytes for file in manifest.files.values())
    keys = "with its keys" if with_keys else "without its keys"
    typer.echo(f"{len(manifest.files)} files, {size:,} bytes, {keys}: {out}")
