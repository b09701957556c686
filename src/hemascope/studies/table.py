"""A measured study as files: runs.csv, table.md, study.json, accuracy_for_time.png."""

import csv
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hemascope.errors import OutputError
from hemascope.studies.document import write_document
from hemascope.studies.picture import draw_accuracy_for_time
from hemascope.studies.plan import Study
from hemascope.studies.run import MeasuredRun

_FIGURES = ("ap50", "ap75", "ap90", "ap", "ar50", "ar75", "ar90")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of the table: a run's seeds together."""

    name: str
    runs: tuple[MeasuredRun, ...]
    ms: float  # an image

    def figure(self, name: str, class_id: str) -> str:
        """Mean over the seeds, with the standard deviation where there are several."""
        values = [getattr(run.row(class_id), name) for run in self.runs]
        mean = statistics.fmean(values)
        return f"{mean:.4f}" if len(values) == 1 else f"{mean:.4f} ± {statistics.stdev(values):.4f}"

    def mean(self, name: str, class_id: str) -> float:
        return statistics.fmean(getattr(run.row(class_id), name) for run in self.runs)


def table_rows(study: Study, measured: Sequence[MeasuredRun], ms: dict[str, float]) -> list[TableRow]:
    """Runs of one name put together, in the study's order."""
    names = list(dict.fromkeys(run.name for run in study.runs))
    pairs = list(zip(study.runs, measured, strict=True))
    return [TableRow(name, tuple(m for run, m in pairs if run.name == name), ms[name]) for name in names]


def write_study(study: Study, rows: Sequence[TableRow], validation: str, images_timed: int, out: Path) -> None:
    """`validation` says on which images it was measured. Raises OutputError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write_runs(study, rows, out / "runs.csv")
        (out / "table.md").write_text(_render_table(study, rows, validation), encoding="utf-8")
        runs = [asdict(run) for row in rows for run in row.runs]
        write_document(out / "study.json", "hemascope.study/1", study.title, validation, images_timed, runs)
        points = [(row.name, row.ms, row.mean("ap", study.headline_class)) for row in rows]
        draw_accuracy_for_time(points, f"AP of {study.headline_class}", study.title, out / "accuracy_for_time.png")
    except OSError as error:
        raise OutputError(f"cannot write the study to {out}: {error}") from error


def _write_runs(study: Study, rows: Sequence[TableRow], path: Path) -> None:
    """Every run, class and source on a line of its own."""
    seeds = iter(study.runs)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        first = ["run", "seed", "source", "class", "cells"]
        writer.writerow([*first, *_FIGURES, "best_f1", "epochs", "training_s", "parameters", "macs", "ms", "run_id"])
        for row in rows:
            for run in row.runs:
                seed = next(seeds).recipe.seed
                for r in run.rows:
                    figures = [f"{getattr(r, name):.4f}" for name in (*_FIGURES, "best_f1")]
                    size = [run.complexity.parameters, run.complexity.macs]
                    own = [row.name, seed, r.source, r.class_id, r.truths]
                    writer.writerow(
                        [*own, *figures, run.epochs, f"{run.training_s:.0f}", *size, f"{row.ms:.1f}", run.run_id]
                    )


def _render_table(study: Study, rows: Sequence[TableRow], validation: str) -> str:
    columns: list[tuple[str, Callable[[TableRow], str]]] = [
        ("Run", lambda row: row.name),
        ("Seeds", lambda row: str(len(row.runs))),
        *((name.upper(), _figure_column(name, study.headline_class)) for name in _FIGURES),
        ("Parameters, M", lambda row: f"{row.runs[0].complexity.parameters / 1e6:.2f}"),
        ("MACs, G", lambda row: f"{row.runs[0].complexity.macs / 1e9:.2f}"),
        ("ms an image", lambda row: f"{row.ms:.1f}"),
        ("Training, min", lambda row: f"{statistics.fmean(run.training_s for run in row.runs) / 60:.1f}"),
    ]
    lines = [
        f"# {study.title}",
        "",
        f"Class `{study.headline_class}` on {validation}. Time: median of one image, letterbox to NMS, PyTorch fp32.",
        "",
        f"| {' | '.join(name for name, _ in columns)} |",
        f"| --- |{' ---: |' * (len(columns) - 1)}",
        *(f"| {' | '.join(cell(row) for _, cell in columns)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def _figure_column(name: str, class_id: str) -> Callable[[TableRow], str]:
    return lambda row: row.figure(name, class_id)
