"""`hemascope evaluate`: a bundle on labelled images."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.stage_bar import stage_bar
from hemascope.data.readers import read_cells, read_fields
from hemascope.data.readers.pbc import with_detected_boxes
from hemascope.data.sample import FieldDataset
from hemascope.evaluation.classification import evaluate_classifier
from hemascope.evaluation.cost import measure_cost
from hemascope.evaluation.crowd_report import crowd_headline, write_crowd_report
from hemascope.evaluation.crowds import evaluate_crowds, propose_candidates
from hemascope.evaluation.detection import SCORE_FLOOR, evaluate_detector
from hemascope.evaluation.report import write_classification_report, write_detection_report
from hemascope.inference.bundle import ModelBundle, load_bundle
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.service.registry import find_bundle_folder

_Report = Callable[[str, int, int], None]


def evaluate(
    bundle: Annotated[str, typer.Argument(help="Bundle name, or folder (with a slash).", show_default=False)],
    data: Annotated[Path, typer.Option(help="Folder of the dataset.", show_default=False)],
    reader: Annotated[
        str, typer.Option(help="Which dataset it is: txl-pbc, pbc, synth, annotated.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder for metrics.json, tables and pictures.", show_default=False)],
    split: Annotated[str, typer.Option(help="Part of the dataset; all of a painted smear is 'all'.")] = "val",
    boxes: Annotated[
        Path | None, typer.Option(help="Output of 'hemascope detect' over the same images: classify its crops.")
    ] = None,
    crowds: Annotated[
        bool, typer.Option("--crowds", help="Compare ways to thin out overlapping boxes on crowded fields instead.")
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
) -> None:
    """Measure a model on labelled images, through the code that serves it.

    Detectors: COCO AP, AP50, AP75, AP90 and recall by class and by source, the best operating point at every IoU,
    confusion, precision-recall curves, size and speed, and the worst mistakes as pictures in a folder of their own,
    because they show the dataset.
    Classifiers: accuracy, precision, recall and F1 by class, macro F1, calibration, confusion.
    """
    model = load_bundle(find_bundle_folder(bundle))
    if model.manifest.task == "detection" and boxes is not None:
        raise typer.BadParameter("a detector finds its boxes itself", param_hint="--boxes")
    if model.manifest.task != "detection" and crowds:
        raise typer.BadParameter("only a detector has boxes to thin out", param_hint="--crowds")
    with stage_bar() as progress:
        if model.manifest.task == "detection":
            fields = read_fields(reader, data, split)
            measure = _measure_crowds if crowds else _measure_detector
            headline = measure(model, fields, split, threads, out, progress)
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


def _measure_detector(
    bundle: ModelBundle, fields: FieldDataset, split: str, threads: int | None, out: Path, progress: _Report
) -> dict[str, float]:
    detector = Detector(bundle, threads=threads, score_threshold=SCORE_FLOOR)
    found = evaluate_detector(detector, fields, progress)
    seconds = sum(detector.times.seconds.values())
    cost = measure_cost(bundle, len(fields.samples), seconds, threads or os.cpu_count() or 1)
    write_detection_report(found, bundle.manifest, cost, split, out)
    return found.headline()


def _measure_crowds(
    bundle: ModelBundle, fields: FieldDataset, split: str, threads: int | None, out: Path, progress: _Report
) -> dict[str, float]:
    fields, candidates = propose_candidates(bundle, fields, threads, progress)
    found = evaluate_crowds(fields, candidates, progress)
    write_crowd_report(found, bundle.manifest, fields.name, split, out)
    return crowd_headline(found)
