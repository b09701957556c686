"""`hemascope data split`: a grouped, stratified, seeded split, written to a file."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from hemascope.cli.outcome import check_writable
from hemascope.cli.progress import progress_bar
from hemascope.core.boxes import IntArray
from hemascope.data.duplicates import families, fingerprints, identical_pairs, near_pairs_of
from hemascope.data.listing import ListedImage, group_values, list_images
from hemascope.data.splits import SplitRow, assign_groups, equal_folds, joint_groups, parse_shares, write_split
from hemascope.errors import DatasetError, output_errors


def split(
    source: Annotated[Path, typer.Argument(help="Folder or file with annotations.", show_default=False)],
    out: Annotated[Path, typer.Option(help="CSV file to write: file,split,group,label.", show_default=False)],
    from_format: Annotated[str | None, typer.Option("--from", help="Format to read; default: told by content.")] = None,
    classes: Annotated[str | None, typer.Option(help="Class names in the order of their numbers, with commas.")] = None,
    fractions: Annotated[str | None, typer.Option(help="Parts, such as train=0.8,val=0.2.")] = None,
    folds: Annotated[int | None, typer.Option(help="Equal parts fold0, fold1, ... in place of --fractions.")] = None,
    group_by: Annotated[
        str | None,
        typer.Option(help="Column (source, patient, group, ...), or a pattern with brackets for file names."),
    ] = None,
    stratify: Annotated[str, typer.Option(help="class: classes alike in all parts; none: only the numbers.")] = "class",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same split.")] = 0,
) -> None:
    """Divide a dataset by group, classes alike in all parts; copies of a picture always stay together.

    Exit code: 0 written, 2 nothing was written.
    """
    check_writable(str(out))
    if (fractions is None) == (folds is None):
        raise DatasetError("give either --fractions (such as train=0.8,val=0.2) or --folds")
    if stratify not in ("class", "none"):
        raise DatasetError(f"--stratify is '{stratify}'; expected class or none")
    shares = equal_folds(folds) if folds is not None else parse_shares(fractions or "")
    listed = list_images(source, from_format, [name.strip() for name in classes.split(",")] if classes else ())
    declared = tuple(one.record.name for one in listed) if group_by is None else group_values(listed, group_by)
    groups = joint_groups(declared, _families(listed))
    names, counts = _class_counts(listed, stratify)
    parts = assign_groups(groups, counts, shares, seed)
    rows = [
        SplitRow(one.record.name, part, group, "+".join(sorted(set(one.labels()))))
        for one, part, group in zip(listed, parts, groups, strict=True)
    ]
    with output_errors(out):
        write_split(out, rows)
    _print(parts, counts, names, list(shares))
    merged = len(set(declared)) - len(set(groups))
    typer.echo(
        f"{len(listed):,} images in {len(set(groups)):,} groups ({merged:,} joined by copies of a picture): {out}"
    )


def _families(listed: list[ListedImage]) -> IntArray:
    with progress_bar("Comparing images", len(listed)) as advance:
        prints = fingerprints([one.record.image for one in listed], advance)
    for one, print_ in zip(listed, prints, strict=True):
        if print_.fault is not None:
            raise DatasetError(f"{one.record.image} cannot be read: {print_.fault}; 'hemascope data audit' lists all")
    same = identical_pairs([print_.sha256 for print_ in prints])
    return families(len(listed), np.concatenate([same, near_pairs_of(prints)[:, :2]]))


def _class_counts(listed: list[ListedImage], stratify: str) -> tuple[list[str], IntArray]:
    names = sorted({label for one in listed for label in one.labels()}) if stratify == "class" else []
    index = {name: number for number, name in enumerate(names)}
    counts = np.zeros((len(listed), len(names)), np.int64)
    for row, one in enumerate(listed):
        for label in one.labels() if names else ():
            counts[row, index[label]] += 1
    return names, counts


def _print(parts: tuple[str, ...], counts: IntArray, names: list[str], order: list[str]) -> None:
    table = Table("", *order)
    images = Counter(parts)
    table.add_row("images", *(f"{images[part]:,}" for part in order))
    of_part = np.array(parts)
    for number, name in enumerate(names):
        table.add_row(name, *(f"{int(counts[of_part == part, number].sum()):,}" for part in order))
    Console(highlight=False).print(table)
