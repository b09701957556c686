"""`hemascope annotate export`: confirmed labels to a version of a dataset."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.progress import progress_bar
from hemascope.data.splits import parse_shares
from hemascope.data.versions import DatasetVersion
from hemascope.service.file_names import shown_path
from hemascope.service.label_export import ExportOptions, Kind, Names, Unconfirmed, export_labels
from hemascope.service.unlabelled import labelme_files


def export(
    folder: Annotated[Path, typer.Argument(help="Folder of labelme files.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder of the dataset: v1, v2, ... are made in it.", show_default=False)],
    kind: Annotated[Kind, typer.Option("--as", help="Single cells to recognise, or fields to find cells in.")],
    unconfirmed: Annotated[Unconfirmed, typer.Option(help="What to do while boxes wait for a person.")] = "refuse",
    fractions: Annotated[str, typer.Option(help="Parts of fields that no earlier version has.")] = "train=0.8,val=0.2",
    group_by: Annotated[
        str | None,
        typer.Option(help="Pattern with brackets for file names, such as '([^_]+)_': one patient, one part."),
    ] = None,
    names: Annotated[
        Names, typer.Option(help="Names of boxes in fields: wbc, rbc, platelet, or the cells' own.")
    ] = "detector",
    looked_for: Annotated[
        str | None,
        typer.Option(help="With commas: classes that you marked wherever they are, though no field shows one."),
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who answers for the labels; default: the user's name.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the division into parts.")] = 0,
) -> None:
    """Gather confirmed labels into the next version of a dataset, which 'train' and 'evaluate' read.

    A version is never changed; its version.json has the hash of every file, and who made it when, from which models.
    Exit code: 0 written, 2 nothing was written.
    """
    options = ExportOptions(
        kind,
        by or getpass.getuser(),
        parse_shares(fractions),
        unconfirmed,
        names,
        group_by,
        seed,
        tuple(name.strip() for name in looked_for.split(",")) if looked_for else (),
    )
    with progress_bar("Exporting", len(labelme_files(folder))) as advance:
        place, version = export_labels(folder, out, options, advance)
    _tell(place, version)


def _tell(place: Path, version: DatasetVersion) -> None:
    parts = ", ".join(f"{name} {count:,}" for name, count in version.parts.items())
    classes = ", ".join(f"{name} {count:,}" for name, count in version.classes.items())
    typer.echo(f"{version.title}: {sum(version.parts.values()):,} images ({parts}): {shown_path(place)}")
    typer.echo(f"{classes}; digest {version.digest[:12]}")
    for reason, count in version.provenance.left_out.items():
        typer.echo(f"  left out: {count:,} {reason}", err=True)
