"""What the classifiers of study d mean for patients: differential, blasts, promyelocytes, APL against other AML.

python tools/measure_patients.py --data PATH/apl-aml --runs RUNS/apl-aml --out results/classifiers/apl-aml-patients

RUNS is the folder of `hemascope study configs/classifiers/apl-aml-study.yaml`. Each cell was named by the fold that had
not seen its patient. Percentages are those of the selection (at most 18 cells a patient and class), not of the smear.
"""

import argparse
import csv
import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from hemascope.core.metrics.method_comparison import bland_altman, concordance_correlation
from hemascope.core.metrics.paired import cluster_bootstrap
from hemascope.core.metrics.ranking import ranking_curves
from hemascope.data.machine import describe_machine
from hemascope.studies.plan import load_study
from hemascope.studies.predictions import FILE_NAME, Predictions, pool_folds, read_predictions

STUDY = Path("configs/classifiers/apl-aml-study.yaml")
FEWEST_CELLS = 20  # of a patient whose percentages are compared
WATCHED = ("blast", "promyelocyte")


@dataclass(frozen=True, slots=True)
class PatientFigures:
    """One run; shares are of a patient's cells, 0 to 1."""

    run: str
    patients: int
    differential_error: float  # half the sum of differences between named and labelled shares, mean over patients
    blast_sensitivity: float
    blast_specificity: float
    promyelocyte_sensitivity: float
    promyelocyte_specificity: float
    blast_bias: float  # named minus labelled share
    blast_lower_limit: float
    blast_upper_limit: float
    blast_concordance: float
    promyelocyte_bias: float
    promyelocyte_lower_limit: float
    promyelocyte_upper_limit: float
    promyelocyte_concordance: float
    apl_auroc: float  # patients ranked by their named share of promyelocytes
    apl_auroc_low: float  # 95 % interval over patients
    apl_auroc_high: float
    apl_auroc_by_labels: float  # by the labelled share: what a faultless classifier would reach


def figures(run: str, found: Predictions, patient_of: dict[str, str], is_apl: dict[str, bool]) -> PatientFigures:
    rows_of = defaultdict(list)
    for row, file in enumerate(found.files):
        rows_of[patient_of[file]].append(row)
    patients = [name for name, rows in sorted(rows_of.items()) if len(rows) >= FEWEST_CELLS]
    count = len(found.classes)
    labelled, named = (
        np.array([np.bincount(ids[rows_of[p]], minlength=count) / len(rows_of[p]) for p in patients])
        for ids in (found.labels, found.predicted)
    )
    watched = {name: found.classes.index(name) for name in WATCHED}
    promyelocyte = watched["promyelocyte"]
    truth = np.array([is_apl[p] for p in patients])
    interval = cluster_bootstrap(lambda rows: auroc(named[rows, promyelocyte], truth[rows]), patients)
    values: dict[str, float] = {}
    for name, i in watched.items():
        is_it, says_it = found.labels == i, found.predicted == i
        agreement = bland_altman(labelled[:, i], named[:, i])
        values |= {
            f"{name}_sensitivity": float(says_it[is_it].mean()),
            f"{name}_specificity": float((~says_it[~is_it]).mean()),
            f"{name}_bias": agreement.bias,
            f"{name}_lower_limit": agreement.lower_limit,
            f"{name}_upper_limit": agreement.upper_limit,
            f"{name}_concordance": concordance_correlation(labelled[:, i], named[:, i]),
        }
    return PatientFigures(
        run=run,
        patients=len(patients),
        differential_error=float(np.abs(named - labelled).sum(axis=1).mean() / 2),
        apl_auroc=auroc(named[:, promyelocyte], truth),
        apl_auroc_low=interval.low,
        apl_auroc_high=interval.high,
        apl_auroc_by_labels=auroc(labelled[:, promyelocyte], truth),
        **values,
    )


def auroc(score: np.ndarray, truth: np.ndarray) -> float:
    return ranking_curves(score, truth).auroc if truth.any() and not truth.all() else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with (options.data / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        manifest = list(csv.DictReader(stream))
    patient_of = {row["file"]: row["patient"] for row in manifest}
    is_apl = {row["patient"]: row["diagnosis"] == "APL" for row in manifest}
    measured = []
    for run in load_study(STUDY).runs:
        paths = [options.runs / fold.folder_name / FILE_NAME for fold in run.folds()]
        if all(path.exists() for path in paths):
            found = pool_folds([read_predictions(path) for path in paths])
            measured.append(figures(run.name, found, patient_of, is_apl))
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "patients.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(asdict(measured[0])), lineterminator="\n")
        writer.writeheader()
        for row in measured:
            writer.writerow({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in asdict(row).items()})
    (options.out / "machine.json").write_text(json.dumps(describe_machine("torch"), indent=1) + "\n", encoding="utf-8")
    for row in measured:
        print(f"{row.run:34} error {row.differential_error:.3f}  blast {row.blast_sensitivity:.3f}  "
              f"promyelocyte {row.promyelocyte_sensitivity:.3f}  APL {row.apl_auroc:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
