"""How classifiers of one hospital's healthy donors do on the shared classes of another's leukaemia patients.

python tools/measure_transfer.py --data PATH --runs RUNS/pbc --out results/classifiers/pbc-to-apl-aml

PATH holds `apl-aml`; RUNS is the folder of `hemascope study configs/classifiers/pbc-study.yaml`. The networks never saw
apl-aml; cells are named among all eleven classes.
"""

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from hemascope.core.metrics.calibration import expected_calibration_error, softmax
from hemascope.core.metrics.classification import accuracy, confusion_matrix, macro_f1
from hemascope.core.metrics.paired import cluster_bootstrap
from hemascope.data.machine import describe_machine
from hemascope.data.readers import read_cells
from hemascope.data.readers.manifest_table import WHOLE
from hemascope.export.bundle import load_run
from hemascope.studies.plan import StudyRun, load_study
from hemascope.training.checkpoint import FILE_NAME
from hemascope.training.classification import predict_logits, serving_crops

STUDY = Path("configs/classifiers/pbc-study.yaml")


def measure(run: StudyRun, folder: Path, root: Path) -> dict[str, object]:
    finished, recipe = load_run(folder), run.cell_recipe
    whole = read_cells("apl-aml", root / "apl-aml", WHOLE)
    shared = replace(
        whole, classes=finished.classes, samples=tuple(s for s in whole.samples if s.label in finished.classes)
    )
    crops = serving_crops(shared, recipe, whole_image=True)
    logits, labels = predict_logits(finished.model, crops, recipe.input_size), shared.labels()
    confusion = confusion_matrix(labels, logits.argmax(axis=1), len(finished.classes))
    is_right = logits.argmax(axis=1) == labels
    interval = cluster_bootstrap(lambda rows: float(is_right[rows].mean()), shared.groups)
    return {
        "run": run.name,
        "cells": len(labels),
        "patients": len(set(shared.groups)),
        "classes": len(np.unique(labels)),
        "accuracy": f"{accuracy(confusion):.4f}",
        "accuracy_low": f"{interval.low:.4f}",
        "accuracy_high": f"{interval.high:.4f}",
        "macro_f1": f"{macro_f1(confusion):.4f}",
        "ece": f"{expected_calibration_error(softmax(logits), labels):.4f}",
        "run_id": finished.run_id,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for run in load_study(STUDY).runs:
        folder = options.runs / run.folder_name
        if run.baseline is None and (folder / FILE_NAME).exists():
            rows.append(measure(run, folder, options.data))
            print(*rows[-1].values(), flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "transfer.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    (options.out / "machine.json").write_text(json.dumps(describe_machine("torch"), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
