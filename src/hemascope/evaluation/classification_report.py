"""A classifier's evaluation as files."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from hemascope.core.manifest import ModelManifest
from hemascope.core.metrics.calibration import softmax
from hemascope.evaluation.class_rows import ClassRow, measure_classes
from hemascope.evaluation.classification import ClassificationEvaluation
from hemascope.evaluation.classification_page import Picture, write_classification_page
from hemascope.evaluation.classification_pictures import draw_class_curves, draw_reliability, draw_risk_coverage
from hemascope.evaluation.comparison import ClassifierComparison, DifferenceRow
from hemascope.evaluation.cost import NetworkCost
from hemascope.evaluation.embedding_pictures import LEAST_CELLS, MOST_CELLS, draw_embedding, embed
from hemascope.evaluation.held_out import ClassCoverage, HeldOut, measure_held_out
from hemascope.evaluation.pictures import draw_confusion
from hemascope.evaluation.report import metrics_document, rounded, write_confusion
from hemascope.evaluation.tables import write_json, write_records, write_rows, writing
from hemascope.hematology.maturation import DISTANCE_NAMES


def write_classification_report(
    evaluation: ClassificationEvaluation,
    manifest: ModelManifest,
    cost: NetworkCost,
    dataset: str,
    split: str,
    out: Path,
    *,
    views: int = 1,
    comparison: ClassifierComparison | None = None,
) -> None:
    """`metrics.json`, tables, and pictures of confusion, curves, reliability, rejection and features.

    The folder `pictures_with_data` holds the worst mistakes as crops and `evaluation.html` beside all tables: it falls
    under the dataset's licence.
    """
    measured, held_out = measure_classes(evaluation), measure_held_out(evaluation)
    with writing(out):
        document = metrics_document(manifest, dataset, split, evaluation.headline())
        document |= {"views": views, "network": asdict(cost)}
        document["intervals"] = {name: rounded(asdict(limits)) for name, limits in measured.intervals.items()}
        write_records(out / "by_class.csv", ClassRow, measured.rows)
        if held_out is not None:
            document["held_out"] = rounded(asdict(held_out.figures))
            write_records(out / "held_out_by_class.csv", ClassCoverage, held_out.classes)
        if comparison is not None:
            document["mcnemar"] = asdict(comparison.mcnemar)
            write_records(out / "comparison.csv", DifferenceRow, comparison.rows)
        write_json(out / "metrics.json", document)
        pictures = _draw_all(evaluation, held_out, f"{dataset} {split}", out)
        write_classification_page(
            evaluation, measured, held_out, comparison, manifest, cost, (dataset, split), pictures, out
        )


def _draw_all(evaluation: ClassificationEvaluation, held_out: HeldOut | None, title: str, out: Path) -> list[Picture]:
    pictures = [_confusion(evaluation, title, out)]
    if evaluation.is_in_taxonomy:
        classes, counts = evaluation.coarse_classes, evaluation.coarse_confusion
        write_confusion(out / "confusion_coarse.csv", counts, classes, classes)
        draw_confusion(counts, classes, classes, title, out / "confusion_coarse.png")
        note = "Band and segmented neutrophils together, the immature granulocytes together."
        pictures.append(Picture("Confusion of coarse classes", "confusion_coarse.png", note))
        rows = [[c, *n] for c, n in zip(evaluation.classes, evaluation.distance_counts().tolist(), strict=True)]
        write_rows(out / "confusion_by_distance.csv", ["true", *DISTANCE_NAMES], rows)
    draw_class_curves(evaluation.ranking(), out / "curves.png")
    pictures.append(Picture("Each class against the rest", "curves.png", "By the class's probability."))
    pictures += [_reliability(evaluation, held_out, out), _risk_coverage(evaluation, held_out, out)]
    if len(evaluation.labels) >= LEAST_CELLS:
        pictures.append(_features(evaluation, out))
    return pictures


def _confusion(evaluation: ClassificationEvaluation, title: str, out: Path) -> Picture:
    classes = evaluation.classes
    write_confusion(out / "confusion.csv", evaluation.confusion, classes, classes)
    draw_confusion(evaluation.confusion, classes, classes, title, out / "confusion.png")
    return Picture("Confusion", "confusion.png", "Counts; the shade is the share of the true class.")


def _reliability(evaluation: ClassificationEvaluation, held_out: HeldOut | None, out: Path) -> Picture:
    stages = {"raw network": softmax(evaluation.logits), "as served": evaluation.probabilities}
    if held_out is not None:
        stages["calibrated on other cells"] = held_out.probabilities
    draw_reliability(stages, evaluation.labels, out / "reliability.png")
    note = "Accuracy of the cells in 15 parts of confidence; red is the gap that the calibration error averages."
    return Picture("Can the probabilities be believed?", "reliability.png", note)


def _risk_coverage(evaluation: ClassificationEvaluation, held_out: HeldOut | None, out: Path) -> Picture:
    kept = ~evaluation.cells.unidentified
    error = float((~evaluation.is_right[kept]).mean()) if kept.any() else 0.0
    points = [("as served", float(kept.mean()), error)]
    if held_out is not None:
        points.append(
            ("thresholds of other cells", held_out.figures.identified_share, held_out.figures.identified_error)
        )
    draw_risk_coverage(evaluation.selection(), points, out / "risk_coverage.png")
    return Picture("What withholding buys", "risk_coverage.png", "The line withholds the least sure cells first.")


def _features(evaluation: ClassificationEvaluation, out: Path) -> Picture:
    rows = np.random.default_rng(0).permutation(len(evaluation.labels))[:MOST_CELLS]
    labels = [evaluation.classes[evaluation.labels[i]] for i in rows]
    places = [("features", embed(evaluation.cells.features[rows]))]
    draw_embedding(places, labels, evaluation.classes, evaluation.is_right[rows], out / "features.png")
    note = "t-SNE: neighbours here are neighbours for the network; distances between groups mean nothing."
    return Picture("Map of the features", "features.png", note)
