"""`hemascope data convert`: annotations of one format to another."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.data.annotations.convert import convert_annotations
from hemascope.data.annotations.formats import FORMATS, guess_format
from hemascope.errors import DatasetError


def convert(
    source: Annotated[Path, typer.Argument(help="Folder or file with annotations.", show_default=False)],
    to: Annotated[str, typer.Option(help=f"Format to write: {', '.join(FORMATS)}.", show_default=False)],
    out: Annotated[Path, typer.Option(help="New folder, or for coco and csv a new .json or .csv.", show_default=False)],
    from_format: Annotated[str | None, typer.Option("--from", help="Format to read; default: told by content.")] = None,
    classes: Annotated[
        str | None, typer.Option(help="Class names in the order of their numbers, separated by commas.")
    ] = None,
    copy_images: Annotated[bool, typer.Option("--copy-images", help="Copy the images into --out.")] = False,
    link_images: Annotated[bool, typer.Option("--link-images", help="Hard-link the images into --out.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Write nothing if anything would be lost.")] = False,
) -> None:
    """Turn annotations of one format into another, and say what the other cannot hold.

    Images stay where they are and are referred to, unless they are copied or linked.
    Exit code: 0 written, 2 nothing was written.
    """
    if copy_images and link_images:
        raise DatasetError("--copy-images and --link-images exclude each other; choose one")
    name = from_format or guess_format(source)
    report = convert_annotations(
        source,
        out,
        to,
        from_format=name,
        classes=[text.strip() for text in classes.split(",")] if classes else (),
        images="copy" if copy_images else "link" if link_images else "keep",
        is_strict=strict,
    )
    counted = " with ".join(
        f"{count:,} {noun}{'' if count == 1 else 's'}"
        for count, noun in ((report.images, "image"), (report.shapes, "shape"))
    )
    typer.echo(f"{counted}, {name} to {to}: {out}")
    for line in report.losses:
        typer.echo(f"  {line}", err=True)
