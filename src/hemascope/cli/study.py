"""`hemascope study`: a whole table of runs, trained, measured and timed."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from hemascope.cli.main import EXIT_INTERRUPTED
from hemascope.cli.stage_bar import stage_bar
from hemascope.data.images import read_image
from hemascope.studies.cell_run import CellSource, run_cell_study, time_classifiers
from hemascope.studies.cell_table import cell_rows, write_cell_study
from hemascope.studies.plan import Study, load_study
from hemascope.studies.run import load_network, read_validation, run_study
from hemascope.studies.table import table_rows, write_study
from hemascope.studies.timing import time_networks
from hemascope.training.device import choose_device
from hemascope.training.engine import Progress


def study(
    plan: Annotated[Path, typer.Argument(help="Study file, see configs/ and docs/training.md.", show_default=False)],
    data: Annotated[Path, typer.Option(help="Folder of the dataset the recipes name.", show_default=False)],
    runs: Annotated[Path, typer.Option(help="Folder of the run folders.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for the table, runs.csv, pictures.", show_default=False)],
    boxes: Annotated[
        Path | None,
        typer.Option(help="Output of 'hemascope detect' over the images: for studies of detected cells."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
    device: Annotated[
        str, typer.Option(help="For training: auto, cpu, cuda, ...; networks are timed on the CPU.")
    ] = "auto",
    timed_images: Annotated[int, typer.Option(min=2, help="Validation images on which all are timed.")] = 40,
) -> None:
    """Train, measure and time a table of runs that differ in one thing each.

    Finished runs are not trained again and a killed one goes on from its last epoch, so the command is simply repeated.
    """
    table = load_study(plan)
    if threads is not None:
        torch.set_num_threads(threads)
    if table.task == "detection" and boxes is not None:
        raise typer.BadParameter("a detector finds its boxes itself", param_hint="--boxes")
    chosen = choose_device(device)
    try:
        with stage_bar() as progress:
            if table.task == "detection":
                _study_detectors(table, data, runs, out, chosen, timed_images, progress)
            else:
                _study_classifiers(table, CellSource(data, boxes), runs, out, chosen, timed_images, progress)
    except KeyboardInterrupt:
        typer.echo(f"interrupted; the finished epochs are kept in {runs}: repeat the command to go on", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    typer.echo(f"table and pictures: {out}")


def _study_detectors(
    table: Study, data: Path, runs: Path, out: Path, device: str, timed_images: int, progress: Progress
) -> None:
    measured = run_study(table, data, runs, device, progress)
    recipe = table.runs[0].field_recipe
    validation = read_validation(recipe, data)
    images = [
        read_image(sample.path) for sample in validation.samples[:: max(1, len(validation.samples) // timed_images)]
    ]
    networks = {run.name: (load_network(run, runs), run.field_recipe.eval_size) for run in table.runs}
    ms = time_networks(networks, images, progress)
    described = f"{validation.name}, {recipe.data.val_split} ({len(validation.samples)} images)"
    write_study(table, table_rows(table, measured, ms), described, len(images), out)


def _study_classifiers(
    table: Study, source: CellSource, runs: Path, out: Path, device: str, timed_images: int, progress: Progress
) -> None:
    measured = run_cell_study(table, source, runs, device, progress)
    images_per_s = time_classifiers(table, source, runs, timed_images, progress)
    choice, said = table.runs[0].cell_recipe.data, measured[0].predictions
    part = f"{choice.folds} folds pooled" if len(measured[0].folds) > 1 else choice.measured_part
    described = f"{choice.reader}, {part} ({len(said.files)} images in {len(set(said.groups))} groups)"
    write_cell_study(table, cell_rows(table, measured, images_per_s), described, timed_images, out)
