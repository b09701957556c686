"""`hemascope data stats`: what a dataset holds."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hemascope.cli.outcome import check_writable, write_document
from hemascope.cli.progress import progress_bar
from hemascope.data.listing import ListedImage, list_images
from hemascope.data.statistics import DatasetStatistics, sides_by_class, statistics
from hemascope.errors import output_errors

_SHOWN = 8  # values of a column, or image sizes; the JSON document has all


def stats(
    source: Annotated[Path, typer.Argument(help="Folder or file with annotations.", show_default=False)],
    from_format: Annotated[str | None, typer.Option("--from", help="Format to read; default: told by content.")] = None,
    classes: Annotated[str | None, typer.Option(help="Class names in the order of their numbers, with commas.")] = None,
    json_file: Annotated[str | None, typer.Option("--json", help="File for all figures, - for stdout.")] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder for classes.png and box_sizes.png; needs matplotlib.")
    ] = None,
) -> None:
    """Count classes, boxes, sources, groups, parts and image sizes of a dataset.

    Exit code: 0 counted, 2 the dataset cannot be read.
    """
    if json_file is not None:
        check_writable(json_file)
    listed = list_images(source, from_format, [name.strip() for name in classes.split(",")] if classes else ())
    with progress_bar("Counting", len(listed)) as advance:
        found = statistics(listed, advance)
    if json_file is not None:
        write_document(found.to_json(), json_file)
    _print(found, Console(stderr=json_file == "-", highlight=False))
    if pictures is not None:
        _draw(listed, found, pictures)


def _draw(listed: list[ListedImage], found: DatasetStatistics, folder: Path) -> None:
    """Raises DependencyMissingError, by way of the command line, where matplotlib is not installed."""
    from hemascope.evaluation.dataset_pictures import CLASSES_FILE, SIZES_FILE, draw_box_sizes, draw_class_counts

    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        draw_class_counts(found, folder / CLASSES_FILE)
        if found.shapes:
            draw_box_sizes(sides_by_class(listed), folder / SIZES_FILE)


def _print(found: DatasetStatistics, console: Console) -> None:
    groups = f", {found.groups:,} groups" if found.groups else ""
    console.print(f"{found.images:,} images{groups}, {found.shapes:,} shapes", markup=False)
    if found.classes:
        table = Table("class", "images", "shapes", "side in px: 5 %", "median", "95 %")
        for column in table.columns[1:]:
            column.justify = "right"
        for row in found.classes:
            side = row.side_px
            sizes = (f"{value:.0f}" if row.shapes else "" for value in (side.p5, side.median, side.p95))
            table.add_row(row.label.replace("[", r"\["), f"{row.images:,}", f"{row.shapes:,}", *sizes)
        console.print(table)
    for name, counts in ({"image size": found.image_sizes} | found.columns).items():
        console.print(f"{name}: {_some(counts)}", markup=False, soft_wrap=True)
    for count, text in (
        (found.without_label, "images without a class or shape"),
        (found.broken_shapes, "broken shapes: 'hemascope data audit' names them"),
        (len(found.without_size), f"images missing or unreadable, such as {', '.join(found.without_size[:1])}"),
    ):
        if count:
            console.print(f"{count:,} {text}", markup=False, soft_wrap=True)


def _some(counts: dict[str, int]) -> str:
    shown = [f"{name or 'none'} {count:,}" for name, count in list(counts.items())[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else "")
