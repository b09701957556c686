"""An evaluation as files: metrics.json, tables, pictures."""

import csv
import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.core.manifest import ModelManifest
from hemascope.core.metrics.average_precision import GroundTruth
from hemascope.core.metrics.classification import class_scores
from hemascope.data.machine import describe_machine
from hemascope.errors import OutputError
from hemascope.evaluation.classification import ClassificationEvaluation
from hemascope.evaluation.detection import DetectionEvaluation, DetectionRow, detection_confusion
from hemascope.evaluation.pictures import draw_confusion, draw_precision_recall


def write_detection_report(evaluation: DetectionEvaluation, manifest: ModelManifest, split: str, out: Path) -> None:
    """`metrics.json`, `by_source.csv` (class x source), `confusion.csv`, `confusion.png`, `precision_recall.png`."""
    with _writing(out):
        _write_metrics(out, manifest, evaluation.dataset.name, split, evaluation.headline())
        names = [f.name for f in fields(DetectionRow)]
        _write_rows(out / "by_source.csv", names, [list(asdict(row).values()) for row in evaluation.rows])
        classes = evaluation.dataset.classes
        settings = manifest.detection
        assert settings is not None
        thresholds = np.array([settings.threshold_of(c) for c in classes], np.float32)
        truths = [GroundTruth(s.boxes_xyxy, s.class_ids) for s in evaluation.dataset.samples]
        confusion = detection_confusion(evaluation.predictions, truths, thresholds, len(classes))
        rows, columns = [*classes, "background"], [*classes, "missed"]
        _write_confusion(out / "confusion.csv", confusion, rows, columns)
        draw_confusion(confusion, rows, columns, "Detections at IoU 0.5", out / "confusion.png")
        matches = {c: evaluation.matches(c) for c in classes}
        draw_precision_recall(matches, (0.5, 0.75, 0.9), out / "precision_recall.png")


def write_classification_report(
    evaluation: ClassificationEvaluation, manifest: ModelManifest, dataset: str, split: str, out: Path
) -> None:
    """`metrics.json`, `by_class.csv`, and the confusion of all and of the coarse classes as CSV and picture."""
    with _writing(out):
        _write_metrics(out, manifest, dataset, split, evaluation.headline())
        scores = class_scores(evaluation.confusion)
        table = [[c, s.support, s.precision, s.recall, s.f1] for c, s in zip(evaluation.classes, scores, strict=True)]
        _write_rows(out / "by_class.csv", ["class", "cells", "precision", "recall", "f1"], table)
        for name, classes, confusion in (
            ("confusion", evaluation.classes, evaluation.confusion),
            ("confusion_coarse", evaluation.coarse_classes, evaluation.coarse_confusion),
        ):
            _write_confusion(out / f"{name}.csv", confusion, classes, classes)
            draw_confusion(confusion, classes, classes, f"{dataset} {split}", out / f"{name}.png")


def _write_metrics(out: Path, manifest: ModelManifest, dataset: str, split: str, headline: dict[str, float]) -> None:
    document = {
        "schema": "hemascope.evaluation/1",
        "model": {"name": manifest.name, "version": manifest.version, "sha256": manifest.onnx_sha256},
        "training_run": manifest.training_run,
        "dataset": dataset,
        "split": split,
        "machine": describe_machine("onnxruntime"),
        "metrics": {name: None if math.isnan(value) else round(value, 6) for name, value in headline.items()},
    }
    (out / "metrics.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _write_confusion(path: Path, confusion: NDArray[np.int64], rows: Sequence[str], columns: Sequence[str]) -> None:
    _write_rows(
        path, ["true", *columns], [[row, *counts] for row, counts in zip(rows, confusion.tolist(), strict=True)]
    )


def _write_rows(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([[f"{v:.4f}" if isinstance(v, float) else v for v in row] for row in rows])


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        out.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise OutputError(f"cannot write the evaluation to {out}: {error}") from error
