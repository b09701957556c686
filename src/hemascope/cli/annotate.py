"""`hemascope annotate`: from unlabelled fields to labels, with the model's help."""

import typer

from hemascope.cli.lazy_group import LazyCommand, lazy_group

COMMANDS = {
    "propose": LazyCommand("hemascope.cli.annotate_propose", "Write labelme files that the models filled in."),
    "review": LazyCommand("hemascope.cli.annotate_review", "Correct labelme files in a page of this machine."),
    "rank": LazyCommand("hemascope.cli.annotate_rank", "Say which fields or cells to label next."),
    "export": LazyCommand("hemascope.cli.annotate_export", "Gather confirmed labels into a version of a dataset."),
}

annotate = typer.Typer(cls=lazy_group(COMMANDS), add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@annotate.callback()
def _root() -> None:
    """Label fields with the model's help."""
