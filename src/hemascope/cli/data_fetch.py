"""`hemascope data fetch`: a public dataset into a folder."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.stage_bar import stage_bar
from hemascope.data.catalogue import find_entry
from hemascope.data.fetch import DATASET_FILE, import_copy
from hemascope.data.fetch import fetch as fetch_entry


def fetch(
    name: Annotated[str, typer.Argument(help="Name in the catalogue, see 'data list'.", show_default=False)],
    out: Annotated[Path, typer.Option(help="New folder for the dataset.", show_default=False)],
    source: Annotated[
        Path | None, typer.Option("--from", help="Import this copy on disk in place of downloading.")
    ] = None,
    copy: Annotated[bool, typer.Option("--copy", help="With --from: copy the files, do not hard-link them.")] = False,
) -> None:
    """Download a public dataset, or import a copy that is on disk, and check that it is the one.

    A broken download goes on where it ended when the command is run again. The folder gets a dataset.json with licence
    and citation. Exit code: 0 done, 2 nothing was made.
    """
    if copy and source is None:
        raise typer.BadParameter("only an import can be copied; add --from FOLDER", param_hint="--copy")
    entry = find_entry(name)
    with stage_bar() as progress:
        if source is None:
            found = fetch_entry(entry, out, progress)
        else:
            found = import_copy(entry, source, out, link=not copy, progress=progress)
    kind = f"a selection of {entry.title}" if found.is_selection else entry.title
    typer.echo(f"{kind}: {found.images:,} images in {found.files:,} files: {out}")
    typer.echo(f"licence: {entry.licence}; cite: {entry.citation} ({DATASET_FILE})")
