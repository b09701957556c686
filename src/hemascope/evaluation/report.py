"""An evaluation as files: metrics.json, tables, pictures."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.core.manifest import ModelManifest
from hemascope.core.metrics.classification import class_scores
from hemascope.data.machine import describe_machine
from hemascope.evaluation.classification import ClassificationEvaluation
from hemascope.evaluation.cost import NetworkCost
from hemascope.evaluation.detection import DetectionEvaluation, DetectionRow, OperatingPoint, detection_confusion
from hemascope.evaluation.detection_page import write_detection_page
from hemascope.evaluation.pictures import draw_confusion, draw_precision_recall
from hemascope.evaluation.tables import write_json, write_records, write_rows, writing


def write_detection_report(
    evaluation: DetectionEvaluation, manifest: ModelManifest, cost: NetworkCost, split: str, out: Path
) -> None:
    """`metrics.json`, `by_source.csv`, `operating_points.csv`, `confusion.csv` and `.png`, `precision_recall.png`.

    The folder `pictures_with_data` holds the worst mistakes as crops, in contact sheets and in `evaluation.html`
    beside all tables: it falls under the dataset's licence.
    """
    classes = evaluation.dataset.classes
    settings = manifest.detection
    assert settings is not None
    thresholds = np.array([settings.threshold_of(c) for c in classes], np.float32)
    with writing(out):
        document = _metrics_document(manifest, evaluation.dataset.name, split, evaluation.headline())
        write_json(out / "metrics.json", document | {"network": asdict(cost)})
        write_records(out / "by_source.csv", DetectionRow, evaluation.rows)
        write_records(out / "operating_points.csv", OperatingPoint, evaluation.operating_points())
        confusion = detection_confusion(evaluation.predictions, evaluation.truths(), thresholds, len(classes))
        rows, columns = [*classes, "background"], [*classes, "missed"]
        _write_confusion(out / "confusion.csv", confusion, rows, columns)
        draw_confusion(confusion, rows, columns, "Detections at IoU 0.5", out / "confusion.png")
        matches = {c: evaluation.matches(c) for c in classes}
        draw_precision_recall(matches, (0.5, 0.75, 0.9), out / "precision_recall.png")
        write_detection_page(evaluation, manifest, cost, split, thresholds, out)


def write_classification_report(
    evaluation: ClassificationEvaluation, manifest: ModelManifest, dataset: str, split: str, out: Path
) -> None:
    """`metrics.json`, `by_class.csv`, and the confusion of all and of the coarse classes as CSV and picture."""
    with writing(out):
        write_json(out / "metrics.json", _metrics_document(manifest, dataset, split, evaluation.headline()))
        scores = class_scores(evaluation.confusion)
        table = [[c, s.support, s.precision, s.recall, s.f1] for c, s in zip(evaluation.classes, scores, strict=True)]
        write_rows(out / "by_class.csv", ["class", "cells", "precision", "recall", "f1"], table)
        for name, classes, confusion in (
            ("confusion", evaluation.classes, evaluation.confusion),
            ("confusion_coarse", evaluation.coarse_classes, evaluation.coarse_confusion),
        ):
            _write_confusion(out / f"{name}.csv", confusion, classes, classes)
            draw_confusion(confusion, classes, classes, f"{dataset} {split}", out / f"{name}.png")


def _metrics_document(
    manifest: ModelManifest, dataset: str, split: str, headline: dict[str, float]
) -> dict[str, object]:
    return {
        "schema": "hemascope.evaluation/1",
        "model": {"name": manifest.name, "version": manifest.version, "sha256": manifest.onnx_sha256},
        "training_run": manifest.training_run,
        "dataset": dataset,
        "split": split,
        "machine": describe_machine("onnxruntime"),
        "metrics": {name: None if math.isnan(value) else round(value, 6) for name, value in headline.items()},
    }


def _write_confusion(path: Path, confusion: NDArray[np.int64], rows: Sequence[str], columns: Sequence[str]) -> None:
    write_rows(path, ["true", *columns], [[row, *counts] for row, counts in zip(rows, confusion.tolist(), strict=True)])
