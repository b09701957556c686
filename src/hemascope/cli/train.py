"""`hemascope train`: a recipe and a dataset to a run folder."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.main import EXIT_INTERRUPTED
from hemascope.cli.stage_bar import stage_bar
from hemascope.training.run import run_recipe


def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe, see configs/ and docs/training.md.", show_default=False)],
    data: Annotated[Path, typer.Option(help="Folder of the dataset the recipe names.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Run folder: checkpoint, metrics.csv, curves.png.", show_default=False)],
    resume: Annotated[bool, typer.Option(help="Continue the run in --out from its last finished epoch.")] = False,
    init: Annotated[Path | None, typer.Option(help="Run folder whose weights a new run starts from.")] = None,
    init_backbone: Annotated[
        Path | None, typer.Option(help="Run folder of any task: a new run starts from its backbone's weights only.")
    ] = None,
    boxes: Annotated[
        Path | None,
        typer.Option(help="Output of 'hemascope detect' over the same images: crops are cut around its boxes."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
    device: Annotated[str, typer.Option(help="auto (a GPU where there is one), cpu, cuda, cuda:1, ...")] = "auto",
) -> None:
    """Train a model from a recipe.

    A killed run goes on with --resume and sees the same images as if it had not been killed.
    """
    try:
        with stage_bar() as progress:
            run_recipe(
                recipe,
                data,
                out,
                detections_json=boxes,
                initial_run=init,
                initial_backbone=init_backbone,
                resume=resume,
                threads=threads,
                device=device,
                progress=progress,
            )
    except KeyboardInterrupt:
        typer.echo(f"interrupted; the finished epochs are kept in {out}: go on with --resume", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    typer.echo(f"run finished: {out} (metrics.csv, curves.png, last.pt); next: hemascope export {out}")
