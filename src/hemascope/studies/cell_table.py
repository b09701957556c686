"""A measured study of classifiers as files: runs.csv, by_class.csv, table.md, study.json, accuracy_for_time.png."""

import csv
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from hemascope.core.metrics.classification import class_scores, confusion_matrix
from hemascope.core.metrics.paired import BootstrapInterval, McNemar
from hemascope.errors import OutputError
from hemascope.studies.cell_figures import CellFigures, accuracy_interval, cell_figures, compare
from hemascope.studies.cell_run import MeasuredCells
from hemascope.studies.document import write_document
from hemascope.studies.picture import draw_accuracy_for_time
from hemascope.studies.plan import Study

_FIGURES = tuple(field.name for field in fields(CellFigures))
_NONE = "–"


@dataclass(frozen=True, slots=True)
class CellRow:
    """One line of the table: a run's seeds together; `against_first` compares first seeds (McNemar)."""

    name: str
    seeds: tuple[int, ...]
    runs: tuple[MeasuredCells, ...]
    figures: tuple[CellFigures, ...]
    interval: BootstrapInterval
    against_first: McNemar | None
    images_per_s: float | None  # None for a baseline

    def figure(self, name: str) -> str:
        """Mean over the seeds, with the standard deviation where there are several."""
        values = [getattr(figures, name) for figures in self.figures]
        if any(math.isnan(value) for value in values):
            return _NONE
        mean = statistics.fmean(values)
        return f"{mean:.4f}" if len(values) == 1 else f"{mean:.4f} ± {statistics.stdev(values):.4f}"

    @property
    def training_s(self) -> float:
        """Of all folds of a run, mean over the seeds."""
        return statistics.fmean(sum(fold.training_s for fold in run.folds) for run in self.runs)


def cell_rows(study: Study, measured: Sequence[MeasuredCells], images_per_s: dict[str, float]) -> list[CellRow]:
    """Runs of one name put together, in the study's order."""
    rows: list[CellRow] = []
    for name in dict.fromkeys(run.name for run in study.runs):
        pairs = [(run, m) for run, m in zip(study.runs, measured, strict=True) if run.name == name]
        runs = tuple(m for _, m in pairs)
        row = CellRow(
            name,
            tuple(run.recipe.seed for run, _ in pairs),
            runs,
            tuple(cell_figures(run.predictions) for run in runs),
            accuracy_interval([run.predictions for run in runs]),
            compare(rows[0].runs[0].predictions, runs[0].predictions) if rows else None,
            images_per_s.get(name),
        )
        rows.append(row)
    return rows


def write_cell_study(study: Study, rows: Sequence[CellRow], measured_on: str, cells_timed: int, out: Path) -> None:
    """`measured_on` says which cells they were. Raises OutputError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write_runs(rows, out / "runs.csv")
        _write_classes(rows, out / "by_class.csv")
        (out / "table.md").write_text(_render_table(study, rows, measured_on), encoding="utf-8")
        runs = [
            {
                "run": row.name,
                "seed": seed,
                **asdict(figures),
                "interval": asdict(row.interval),
                "folds": [asdict(fold) for fold in run.folds],
            }
            for row in rows
            for seed, run, figures in zip(row.seeds, row.runs, row.figures, strict=True)
        ]
        write_document(out / "study.json", "hemascope.classifier-study/1", study.title, measured_on, cells_timed, runs)
        points = [
            (row.name, 1000 / row.images_per_s, statistics.fmean(f.accuracy for f in row.figures))
            for row in rows
            if row.images_per_s is not None
        ]
        draw_accuracy_for_time(points, "accuracy", study.title, out / "accuracy_for_time.png")
    except OSError as error:
        raise OutputError(f"cannot write the study to {out}: {error}") from error


def _write_runs(rows: Sequence[CellRow], path: Path) -> None:
    """Every run and seed on a line of its own; the interval and the comparison are those of the row."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        test = ["only_first_right", "only_this_right", "mcnemar_p"]
        cost = ["parameters", "macs", "images_per_s", "epochs", "training_s"]
        writer.writerow(
            ["run", "seed", "cells", "groups", *_FIGURES, "accuracy_low", "accuracy_high", *test, *cost, "run_ids"]
        )
        for row in rows:
            limits = [f"{row.interval.low:.4f}", f"{row.interval.high:.4f}"]
            for seed, run, figures in zip(row.seeds, row.runs, row.figures, strict=True):
                said = run.predictions
                values = [_cell(getattr(figures, name)) for name in _FIGURES]
                own = [row.name, seed, len(said.files), len(set(said.groups))]
                writer.writerow([*own, *values, *limits, *_comparison(row), *_cost(row, run), _run_ids(run)])


def _comparison(row: CellRow) -> list[str]:
    test = row.against_first
    return ["", "", ""] if test is None else [str(test.only_first), str(test.only_second), f"{test.p_value:.4g}"]


def _cost(row: CellRow, run: MeasuredCells) -> list[str]:
    size = run.folds[0].complexity
    network = ["", ""] if size is None else [str(size.parameters), str(size.macs)]
    speed = "" if row.images_per_s is None else f"{row.images_per_s:.1f}"
    return [*network, speed, str(run.folds[0].epochs), f"{sum(fold.training_s for fold in run.folds):.0f}"]


def _run_ids(run: MeasuredCells) -> str:
    return " ".join(fold.run_id for fold in run.folds)


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"


def _write_classes(rows: Sequence[CellRow], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["run", "seed", "class", "cells", "precision", "recall", "f1"])
        for row in rows:
            for seed, run in zip(row.seeds, row.runs, strict=True):
                said = run.predictions
                scores = class_scores(confusion_matrix(said.labels, said.predicted, len(said.classes)))
                for name, score in zip(said.classes, scores, strict=True):
                    values = [_cell(value) for value in (score.precision, score.recall, score.f1)]
                    writer.writerow([row.name, seed, name, score.support, *values])


def _render_table(study: Study, rows: Sequence[CellRow], measured_on: str) -> str:
    columns: list[tuple[str, Callable[[CellRow], str]]] = [
        ("Run", lambda row: row.name),
        ("Seeds", lambda row: str(len(row.runs))),
        ("Accuracy", lambda row: row.figure("accuracy")),
        ("95 % interval", lambda row: f"{row.interval.low:.3f} to {row.interval.high:.3f}"),
        ("Macro F1", lambda row: row.figure("macro_f1")),
        ("Kappa", lambda row: row.figure("kappa")),
        ("Coarse accuracy", lambda row: row.figure("accuracy_coarse")),
        ("ECE", lambda row: row.figure("ece")),
        ("ECE, scaled", lambda row: row.figure("ece_scaled")),
        ("p against the first", lambda row: _comparison(row)[2] or _NONE),
        ("Parameters, M", lambda row: _millions(row, "parameters")),
        ("MACs, M", lambda row: _millions(row, "macs")),
        ("Images/s", lambda row: _NONE if row.images_per_s is None else f"{row.images_per_s:.0f}"),
        ("Training, min", lambda row: f"{row.training_s / 60:.1f}" if row.training_s else _NONE),
    ]
    if all(math.isnan(figures.accuracy_coarse) for row in rows for figures in row.figures):
        columns = [column for column in columns if column[0] != "Coarse accuracy"]
    lines = [
        f"# {study.title}",
        "",
        f"On {measured_on}. The interval is a bootstrap over groups; p is McNemar's exact test of the first seeds; "
        "*scaled* is after a temperature fitted on other cells. Speed: crop to logits, PyTorch fp32, eight at a time.",
        "",
        f"| {' | '.join(name for name, _ in columns)} |",
        f"| --- |{' ---: |' * (len(columns) - 1)}",
        *(f"| {' | '.join(cell(row) for _, cell in columns)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def _millions(row: CellRow, name: str) -> str:
    size = row.runs[0].folds[0].complexity
    return _NONE if size is None else f"{getattr(size, name) / 1e6:.2f}"
