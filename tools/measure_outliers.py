"""Which score of a classifier sets cells it never learned apart from cells it did?

OMP_NUM_THREADS=1 python tools/measure_outliers.py --data PATH --out results/out-of-distribution

PATH holds the folders `pbc` and `apl-aml`. README.md in the results says what that shows and what it does not.
"""

import argparse
import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray
from hemascope.core.metrics.ranking import ranking_curves
from hemascope.data.images import read_image
from hemascope.evaluation.outliers import fit_feature_distribution, neighbour_distances
from hemascope.evaluation.tables import write_rows
from hemascope.evaluation.thresholds import OUTLIER_SHARE
from hemascope.imaging.crop import centre_zoom
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import resize_rgb
from hemascope.inference.bundle import load_bundle
from hemascope.inference.session import open_session
from hemascope.service.registry import find_bundle_folder

BUNDLE = "classifier-light"
MOST_CELLS = 1500  # of one group
NEIGHBOURS = 10
FALSE_ALARMS = (0.05, OUTLIER_SHARE)  # shares of the known cells
BATCH = 32


@dataclass(frozen=True, slots=True)
class Outputs:
    """Raw logits `(n, classes)` and features `(n, dimensions)`."""

    logits: FloatArray
    features: FloatArray


def files_of(dataset: Path, wanted: Callable[[dict[str, str]], bool]) -> tuple[list[Path], list[str]]:
    """Images and labels of at most `MOST_CELLS` rows, drawn with a fixed seed."""
    with (dataset / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if wanted(row)]
    chosen = np.sort(np.random.default_rng(0).permutation(len(rows))[:MOST_CELLS])
    return [dataset / rows[i]["file"] for i in chosen], [rows[i]["label"] for i in chosen]


def run_network(files: list[Path]) -> Outputs:
    bundle = load_bundle(find_bundle_folder(BUNDLE))
    session = open_session(bundle, threads=1)
    preprocessing, settings = bundle.manifest.preprocessing, bundle.manifest.classification
    assert settings is not None
    side, logits, features = preprocessing.input_size, [], []
    for start in range(0, len(files), BATCH):
        crops = [centre_zoom(read_image(path), settings.whole_image_zoom) for path in files[start : start + BATCH]]
        batch = normalise_batch([resize_rgb(c, side, side) for c in crops], preprocessing.mean, preprocessing.std)
        outputs = session.run(batch)
        logits.append(outputs[0])
        features.append(outputs[1])
    return Outputs(np.concatenate(logits), np.concatenate(features))


def scores_of(
    classes: tuple[str, ...], known: Outputs, labels: list[str]
) -> Mapping[str, Callable[[Outputs], FloatArray | NDArray[np.float64]]]:
    """By name; each is high for a cell unlike those that were learned."""
    ids = np.array([classes.index(label) for label in labels], np.int64)
    mean_and_covariance = fit_feature_distribution(known.features, ids, len(classes))
    temperature = load_bundle(find_bundle_folder(BUNDLE)).manifest.classification.temperature  # type: ignore[union-attr]

    def log_sum_exp(logits: FloatArray) -> FloatArray:
        return np.logaddexp.reduce(logits, axis=1)

    return {
        "max probability": lambda o: log_sum_exp(o.logits / temperature) - o.logits.max(axis=1) / temperature,
        "log-sum-exp (energy)": lambda o: -log_sum_exp(o.logits),
        "Mahalanobis": lambda o: mean_and_covariance.distances(o.features),
        f"{NEIGHBOURS} nearest neighbours": lambda o: neighbour_distances(o.features, known.features, NEIGHBOURS),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    classes = load_bundle(find_bundle_folder(BUNDLE)).manifest.classes
    pbc, apl = arguments.data / "pbc", arguments.data / "apl-aml"
    train_files, train_labels = files_of(pbc, lambda row: row["split"] == "train")
    scores = scores_of(classes, run_network(train_files), train_labels)
    groups = {
        "pbc validation": run_network(files_of(pbc, lambda row: row["split"] == "val")[0]),
        "apl-aml blasts": run_network(files_of(apl, lambda row: row["label"] == "blast")[0]),
        "apl-aml smudge cells": run_network(files_of(apl, lambda row: row["label"] == "smudge_cell")[0]),
        "apl-aml known classes": run_network(files_of(apl, lambda row: row["label"] in classes)[0]),
    }
    rows = []
    for strange, inside in [(g, "pbc validation") for g in list(groups)[1:]] + [
        (g, "apl-aml known classes") for g in ("apl-aml blasts", "apl-aml smudge cells")
    ]:
        for name, score in scores.items():
            high, low = score(groups[strange]), score(groups[inside])
            is_strange = np.repeat([True, False], [len(high), len(low)])
            caught = [float((high > np.quantile(low, 1 - share)).mean()) for share in FALSE_ALARMS]
            auroc = ranking_curves(np.concatenate([high, low]), is_strange).auroc
            rows.append([strange, len(high), inside, len(low), name, auroc, *caught])
    arguments.out.mkdir(parents=True, exist_ok=True)
    caught_names = [f"caught_at_{share:.0%}_false_alarms" for share in FALSE_ALARMS]
    header = ["strange", "strange_cells", "known", "known_cells", "score", "auroc", *caught_names]
    write_rows(arguments.out / "auroc.csv", header, rows)


if __name__ == "__main__":
    main()
