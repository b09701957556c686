"""`hemascope data`: datasets on disk."""

import typer

from hemascope.cli.lazy_group import LazyCommand, lazy_group

COMMANDS = {
    "list": LazyCommand("hemascope.cli.data_list", "Name the public datasets with licence and source."),
    "fetch": LazyCommand("hemascope.cli.data_fetch", "Download a public dataset, or import a copy on disk."),
    "convert": LazyCommand("hemascope.cli.data_convert", "Turn annotations of one format into another."),
    "split": LazyCommand("hemascope.cli.data_split", "Divide a dataset by group, its classes alike in all parts."),
    "stats": LazyCommand("hemascope.cli.data_stats", "Count classes, boxes, sources and sizes."),
    "audit": LazyCommand("hemascope.cli.data_audit", "Look for leaks, wrong boxes, copies and mistyped labels."),
}

data = typer.Typer(cls=lazy_group(COMMANDS), add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@data.callback()
def _root() -> None:
    """Get, convert, split and check annotated datasets."""
