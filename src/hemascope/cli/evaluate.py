"""`hemascope evaluate`: a bundle on labelled images."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.stage_bar import stage_bar
from hemascope.data.detected_boxes import with_detected_boxes
from hemascope.data.readers import read_cells, read_fields
from hemascope.data.sample import CellDataset, FieldDataset
from hemascope.evaluation.classification import evaluate_classifier
from hemascope.evaluation.classification_report import write_classification_report
from hemascope.evaluation.comparison import compare_classifiers
from hemascope.evaluation.cost import measure_cost
from hemascope.evaluation.crowd_report import crowd_headline, write_crowd_report
from hemascope.evaluation.crowds import evaluate_crowds, propose_candidates
from hemascope.evaluation.detection import SCORE_FLOOR, evaluate_detector
from hemascope.evaluation.report import write_detection_report
from hemascope.inference.bundle import ModelBundle, load_bundle
from hemascope.inference.classifier import ALL_VIEWS, Classifier
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
    tta: Annotated[
        bool, typer.Option("--tta", help="Classifiers: mean over all 8 turns and mirrors of a cell, 8 times as slow.")
    ] = False,
    against: Annotated[
        str | None, typer.Option(help="Another classifier to compare with on the same cells, by name or folder.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
) -> None:
    """Measure a model on labelled images, through the code that serves it.

    Detectors: COCO AP, AP50, AP75, AP90 and recall by class and by source, the best operating point at every IoU,
    confusion, precision-recall curves, size and speed, and the worst mistakes as pictures in a folder of their own,
    because they show the dataset.
    Classifiers: accuracy, precision, recall, F1 and curves by class with intervals, mistakes by lineage, calibration,
    rejection and sets of classes on held-out cells, size and speed, and the worst mistakes likewise.
    """
    model = load_bundle(find_bundle_folder(bundle))
    if model.manifest.task == "detection" and boxes is not None:
        raise typer.BadParameter("a detector finds its boxes itself", param_hint="--boxes")
    if model.manifest.task == "detection" and (tta or against):
        raise typer.BadParameter("a detector has neither", param_hint="--tta, --against")
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
            other = None if against is None else load_bundle(find_bundle_folder(against))
            headline = _measure_classifier(
                model, other, cells, split, ALL_VIEWS if tta else None, threads, out, progress
            )
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


def _measure_classifier(
    bundle: ModelBundle,
    other: ModelBundle | None,
    cells: CellDataset,
    split: str,
    views: int | None,
    threads: int | None,
    out: Path,
    progress: _Report,
) -> dict[str, float]:
    classifier = Classifier(bundle, threads=threads, views=views)
    found = evaluate_classifier(classifier, cells, progress)
    seconds = sum(classifier.times.seconds.values())
    cost = measure_cost(bundle, len(cells.samples), seconds, threads or os.cpu_count() or 1)
    comparison = None
    if other is not None:
        second = evaluate_classifier(Classifier(other, threads=threads, views=views), cells, progress)
        comparison = compare_classifiers(found, second)
    write_classification_report(
        found, bundle.manifest, cost, cells.name, split, out, views=classifier.views, comparison=comparison
    )
    if comparison is None:
        return found.headline()
    differences = {f"{row.figure}_difference_{row.class_id}": row.difference for row in comparison.rows}
    return found.headline() | differences | {"mcnemar_p": comparison.mcnemar.p_value}


def _measure_crowds(
    bundle: ModelBundle, fields: FieldDataset, split: str, threads: int | None, out: Path, progress: _Report
) -> dict[str, float]:
    fields, candidates = propose_candidates(bundle, fields, threads, progress)
    found = evaluate_crowds(fields, candidates, progress)
    write_crowd_report(found, bundle.manifest, fields.name, split, out)
    return crowd_headline(found)
