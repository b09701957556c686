"""`hemascope evaluate`: a bundle on labelled images."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.stage_bar import stage_bar
from hemascope.data.readers import read_cells, read_fields
from hemascope.data.readers.pbc import with_detected_boxes
from hemascope.evaluation.classification import evaluate_classifier
from hemascope.evaluation.detection import SCORE_FLOOR, evaluate_detector
from hemascope.evaluation.report import write_classification_report, write_detection_report
from hemascope.inference.bundle import load_bundle
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.service.registry import find_bundle_folder


def evaluate(
    bundle: Annotated[str, typer.Argument(help="Bundle name, or folder (with a slash).", show_default=False)],
    data: Annotated[Path, typer.Option(help="Folder of the dataset.", show_default=False)],
    reader: Annotated[str, typer.Option(help="Which dataset it is: txl-pbc, pbc.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for metrics.json, tables and pictures.", show_default=False)],
    split: Annotated[str, typer.Option(help="Part of the dataset.")] = "val",
    boxes: Annotated[
        Path | None, typer.Option(help="Output of 'hemascope detect' over the same images: classify its crops.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
) -> None:
    """Measure a model on labelled images, through the code that serves it.

    Detectors: COCO AP, AP50, AP75, AP90 and recall by class and by source, confusion, precision-recall curves.
    Classifiers: accuracy, precision, recall and F1 by class, macro F1, calibration, confusion.
    """
    model = load_bundle(find_bundle_folder(bundle))
    if model.manifest.task == "detection" and boxes is not None:
        raise typer.BadParameter("a detector finds its boxes itself", param_hint="--boxes")
    with stage_bar() as progress:
        if model.manifest.task == "detection":
            fields = read_fields(reader, data, split)
            detector = Detector(model, threads=threads, score_threshold=SCORE_FLOOR)
            found = evaluate_detector(detector, fields, progress)
            write_detection_report(found, model.manifest, split, out)
            headline = found.headline()
        else:
            cells = read_cells(reader, data, split)
            if boxes is not None:
                cells = with_detected_boxes(cells, boxes)
            recognised = evaluate_classifier(Classifier(model, threads=threads), cells, progress)
            write_classification_report(recognised, model.manifest, cells.name, split, out)
            headline = recognised.headline()
    for name, value in headline.items():
        typer.echo(f"{name:32} {value:.4f}")
    typer.echo(f"tables and pictures: {out}")
