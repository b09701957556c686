"""`hemascope export`: a finished run to a model bundle."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.stage_bar import stage_bar
from hemascope.evaluation.thresholds import DEFAULT_TOLERANCE, ToleratedErrors
from hemascope.export.card import load_identity
from hemascope.export.run import export_run


def export(
    run: Annotated[Path, typer.Argument(help="Run folder made by 'hemascope train'.", show_default=False)],
    identity: Annotated[
        Path,
        typer.Option(help="Name, version, licence, data, purpose and limits: configs/bundles.", show_default=False),
    ],
    data: Annotated[Path, typer.Option(help="Folder of the dataset of the recipe.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder of the bundle.", show_default=False)],
    boxes: Annotated[
        Path | None, typer.Option(help="Output of 'hemascope detect' over the same cells: measure its crops as well.")
    ] = None,
    accepted_error: Annotated[
        float, typer.Option(min=0, max=1, help="Classifiers: share of wrong names tolerated among identified cells.")
    ] = DEFAULT_TOLERANCE.overall,
    class_error: Annotated[
        float, typer.Option(min=0, max=1, help="Classifiers: share tolerated among the cells named as one class.")
    ] = DEFAULT_TOLERANCE.by_class,
) -> None:
    """Turn a trained model into a bundle that the other commands run.

    The ONNX network must repeat the trained one on validation images. Thresholds are read off them too; for a
    classifier also the temperature, sets of classes, and how far from the training cells a cell's features may lie.
    """
    with stage_bar() as report:
        tolerated = ToleratedErrors(accepted_error, class_error)
        exported = export_run(run, load_identity(identity), data, boxes, out, report, tolerated)
    parity = exported.parity
    boxes_text = "" if parity.box_px is None else f", boxes by {parity.box_px:.4f} px"
    typer.echo(
        f"parity on {parity.images} images: probabilities differ by at most {parity.probability:.1e}{boxes_text}"
    )
    for name, value in exported.manifest.metrics.items():
        typer.echo(f"{name:32} {value:.4f}")
    typer.echo(f"bundle: {out}")
