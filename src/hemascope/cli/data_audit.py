"""`hemascope data audit`: leaks, copies, broken boxes, mistyped labels."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hemascope.cli.outcome import check_writable, write_document
from hemascope.cli.progress import progress_bar
from hemascope.data.audit import AuditReport
from hemascope.data.audit import audit as audit_images
from hemascope.data.duplicates import NEAR_DISTANCE
from hemascope.data.listing import ListedImage, list_images
from hemascope.data.splits import read_split
from hemascope.errors import DatasetError

_EXIT_FOUND = 1
_SHOWN = 3  # examples of each kind; the JSON report has all


def audit(
    source: Annotated[Path, typer.Argument(help="Folder or file with annotations.", show_default=False)],
    from_format: Annotated[str | None, typer.Option("--from", help="Format to read; default: told by content.")] = None,
    classes: Annotated[str | None, typer.Option(help="Class names in the order of their numbers, with commas.")] = None,
    split: Annotated[Path | None, typer.Option(help="Split file to check in place of the dataset's own.")] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Column whose values belong to one part; repeatable. Default: group, patient."),
    ] = None,
    max_distance: Annotated[
        int, typer.Option(min=0, max=120, help="Bits of 255 in which copies may differ.")
    ] = NEAR_DISTANCE,
    json_file: Annotated[str | None, typer.Option("--json", help="File for all findings, - for stdout.")] = None,
    allow_leaks: Annotated[bool, typer.Option("--allow-leaks", help="Leaks do not count for the exit code.")] = False,
) -> None:
    """Look for leaks between the parts of a dataset, copies, wrong boxes, unreadable images and mistyped labels.

    Exit code: 0 no leak and no error, 1 some, 2 the dataset cannot be read.
    """
    if json_file is not None:
        check_writable(json_file)
    names = [name.strip() for name in classes.split(",")] if classes else ()
    listed = list_images(source, from_format, names)
    if split is not None:
        listed = with_split(listed, split)
    with progress_bar("Reading images", len(listed)) as advance:
        report = audit_images(
            listed, group_columns=group or ("group", "patient"), max_distance=max_distance, on_image=advance
        )
    if json_file is not None:
        write_document(report.to_json(), json_file)
    _print(report, Console(stderr=json_file == "-", highlight=False))
    if report.count("error") or (report.count("leak") and not allow_leaks):
        raise typer.Exit(_EXIT_FOUND)


def with_split(listed: list[ListedImage], split: Path) -> list[ListedImage]:
    """The images with the parts that a split file gives them; DatasetError names one that it lacks."""
    part_of = {row.file: row.split for row in read_split(split)}
    lost = next((one.record.name for one in listed if one.record.name not in part_of), None)
    if lost is not None:
        raise DatasetError(f"'{split}' does not list {lost}; make a new one with 'hemascope data split'")
    return [
        ListedImage(
            replace(one.record, split=part_of[one.record.name]), one.columns | {"split": part_of[one.record.name]}
        )
        for one in listed
    ]


def _print(report: AuditReport, console: Console) -> None:
    parts = ", ".join(f"{name or 'no split'} {count:,}" for name, count in report.splits.items())
    console.print(f"{report.images:,} images ({parts}), {report.shapes:,} shapes", markup=False)
    if not report.findings:
        console.print("nothing found")
        return
    table = Table("", "kind", "found", "for example")
    for (severity, kind), count in report.kinds().items():
        examples = [finding.text for finding in report.findings if finding.kind == kind][:_SHOWN]
        style = {"leak": "bold red", "error": "red", "warning": "yellow"}[severity]
        table.add_row(severity, kind, f"{count:,}", "\n".join(examples).replace("[", r"\["), style=style)
    console.print(table)
