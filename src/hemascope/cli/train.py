"""`hemascope train`: a recipe and a dataset to a run folder."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.main import EXIT_INTERRUPTED
from hemascope.cli.stage_bar import stage_bar
from hemascope.export.continued import (
    FineTuning,
    Origin,
    continue_training,
    origin_of_bundle,
    origin_of_run,
    start_from,
)
from hemascope.inference.bundle import load_bundle
from hemascope.service.registry import find_bundle_folder
from hemascope.training.checkpoint import FILE_NAME
from hemascope.training.run import run_recipe


def train(
    data: Annotated[
        Path,
        typer.Option(help="Folder of the dataset; with --continue a version of 'annotate export'.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="Run folder: checkpoint, metrics.csv, curves.png.", show_default=False)],
    recipe: Annotated[
        Path | None, typer.Argument(help="Recipe, see configs/ and docs/training.md; none with --continue.")
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option("--continue", help="Bundle name, or folder (with a slash) of a bundle or run, to fine-tune."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="With --continue; default 20.")] = None,
    lr: Annotated[float | None, typer.Option(min=0, help="Learning rate, with --continue; default 0.0003.")] = None,
    resume: Annotated[bool, typer.Option(help="Continue the run in --out from its last finished epoch.")] = False,
    init: Annotated[
        str | None,
        typer.Option(help="Run folder, or bundle (name, or folder with a slash): a new run starts from its weights."),
    ] = None,
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
    """Train a model from a recipe, or fine-tune a finished one with new labels (--continue).

    A killed run goes on with --resume and sees the same images as if it had not been killed.
    """
    if (recipe is None) == (origin is None):
        raise typer.BadParameter("give either a recipe or --continue BUNDLE", param_hint="RECIPE")
    if origin is None and (epochs, lr) != (None, None):
        raise typer.BadParameter("the recipe says it; the option is for --continue", param_hint="--epochs, --lr")
    if origin is not None and (init, init_backbone, boxes) != (None, None, None):
        raise typer.BadParameter(
            "the weights and boxes are given already", param_hint="--init, --init-backbone, --boxes"
        )
    try:
        with stage_bar() as progress:
            if recipe is not None:
                is_run = init is not None and (Path(init) / FILE_NAME).is_file()
                start = None if init is None or is_run else _find_origin(init)
                run_recipe(
                    recipe,
                    data,
                    out,
                    detections_json=boxes,
                    initial_run=Path(init) if init is not None and is_run else None,
                    initial_backbone=init_backbone,
                    prepare=None if start is None else partial(start_from, origin=start),
                    resume=resume,
                    threads=threads,
                    device=device,
                    progress=progress,
                )
            elif origin is not None:
                defaults = FineTuning()
                settings = FineTuning(epochs=epochs or defaults.epochs, lr=lr or defaults.lr)
                model = _find_origin(origin)
                continue_training(model, data, out, settings, progress, resume=resume, threads=threads, device=device)
    except KeyboardInterrupt:
        typer.echo(f"interrupted; the finished epochs are kept in {out}: go on with --resume", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    typer.echo(f"run finished: {out} (metrics.csv, curves.png, last.pt); next: hemascope export {out}")


def _find_origin(wanted: str) -> Origin:
    """A run where the folder holds a checkpoint, else a bundle."""
    if (Path(wanted) / FILE_NAME).is_file():
        return origin_of_run(Path(wanted))
    return origin_of_bundle(load_bundle(find_bundle_folder(wanted)))
