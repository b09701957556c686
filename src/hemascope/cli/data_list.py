"""`hemascope data list`: the catalogue of public datasets."""

from typing import Annotated

import typer

from hemascope.data.catalogue import CATALOGUE, CatalogueEntry, find_entry


def list(  # noqa: A001  a command is found by its name
    name: Annotated[str | None, typer.Argument(help="Show this one only.", show_default=False)] = None,
) -> None:
    """Name the public datasets that 'data fetch' knows, with licence, citation and source."""
    entries = CATALOGUE.values() if name is None else [find_entry(name)]
    typer.echo("\n\n".join(_describe(entry) for entry in entries))


def _describe(entry: CatalogueEntry) -> str:
    file = entry.file
    lines = [
        f"{entry.name}: {entry.title}",
        f"content   {entry.content}",
        f"licence   {entry.licence}",
        f"cite      {entry.citation}",
        f"page      {entry.page}",
        f"file      {'unknown: download by hand, then --from FOLDER' if file is None else file.url}",
    ]
    if file is not None:
        lines.append(f"size      {'unknown' if file.size_bytes is None else f'{file.size_bytes:,} bytes'}")
        lines.append(f"sha256    {file.sha256 or 'unknown'}")
    return "\n  ".join(lines)
