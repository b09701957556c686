"""A detector's evaluation as files, and what every evaluation writes: metrics.json, confusion."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.core.manifest import ModelManifest
from hemascope.data.machine import describe_machine
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
        document = metrics_document(manifest, evaluation.dataset.name, split, evaluation.headline())
        write_json(out / "metrics.json", document | {"network": asdict(cost)})
        write_records(out / "by_source.csv", DetectionRow, evaluation.rows)
        write_records(out / "operating_points.csv", OperatingPoint, evaluation.operating_points())
        confusion = detection_confusion(evaluation.predictions, evaluation.truths(), thresholds, len(classes))
        rows, columns = [*classes, "background"], [*classes, "missed"]
        write_confusion(out / "confusion.csv", confusion, rows, columns)
        draw_confusion(confusion, rows, columns, "Detections at IoU 0.5", out / "confusion.png")
        matches = {c: evaluation.matches(c) for c in classes}
        draw_precision_recall(matches, (0.5, 0.75, 0.9), out / "precision_recall.png")
        write_detection_page(evaluation, manifest, cost, split, thresholds, out)


def metrics_document(
    manifest: ModelManifest, dataset: str, split: str, headline: dict[str, float]
) -> dict[str, object]:
    """The content of `metrics.json`, figures rounded, those that are NaN empty."""
    return {
        "schema": "hemascope.evaluation/1",
        "model": {"name": manifest.name, "version": manifest.version, "sha256": manifest.onnx_sha256},
        "training_run": manifest.training_run,
        "dataset": dataset,
        "split": split,
        "machine": describe_machine("onnxruntime"),
        "metrics": rounded(headline),
    }


def rounded(figures: dict[str, float]) -> dict[str, float | None]:
    """As JSON holds them."""
    return {name: None if math.isnan(value) else round(value, 6) for name, value in figures.items()}


def write_confusion(path: Path, confusion: NDArray[np.int64], rows: Sequence[str], columns: Sequence[str]) -> None:
    """Counts as a CSV file with a row of `rows` each."""
    write_rows(path, ["true", *columns], [[row, *counts] for row, counts in zip(rows, confusion.tolist(), strict=True)])
