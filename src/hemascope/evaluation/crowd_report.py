"""Crowds as files: two tables, and a page that says which suppression is best where."""

from collections.abc import Callable
from pathlib import Path

from hemascope.core.manifest import ModelManifest
from hemascope.data.machine import describe_machine
from hemascope.evaluation.crowds import MEAN, CrowdEvaluation, CrowdRow, PairRow
from hemascope.evaluation.detection import MAX_DETECTIONS, SCORE_FLOOR
from hemascope.evaluation.tables import write_json, write_records, writing


def write_crowd_report(
    evaluation: CrowdEvaluation, manifest: ModelManifest, dataset: str, split: str, out: Path
) -> None:
    """`crowds.csv`, `crowd_pairs.csv`, `crowds.md`, and `machine.json` with what was measured where."""
    with writing(out):
        write_records(out / "crowds.csv", CrowdRow, evaluation.rows)
        write_records(out / "crowd_pairs.csv", PairRow, evaluation.pairs)
        model = {"name": manifest.name, "version": manifest.version, "sha256": manifest.onnx_sha256}
        machine = describe_machine("onnxruntime")
        write_json(out / "machine.json", {"model": model, "dataset": dataset, "split": split, "machine": machine})
        title = f"# Crowds: {manifest.name} {manifest.version} on {dataset} {split}"
        (out / "crowds.md").write_text("\n".join([title, "", *_page(evaluation)]), encoding="utf-8")


def crowd_headline(evaluation: CrowdEvaluation) -> dict[str, float]:
    """AP of every suppression on all fields and on the most crowded quarter, mean over classes."""
    parts = ("all", max(row.part for row in evaluation.rows))
    return {
        f"{row.suppression}, {row.part}": row.ap
        for row in evaluation.rows
        if row.class_id == MEAN and row.part in parts
    }


def _page(evaluation: CrowdEvaluation) -> list[str]:
    lines = [
        "Fields are ranked by the mean over their cells of the largest IoU with another cell; the most crowded",
        f"are in quartile 4. Boxes with a score from {SCORE_FLOOR} on count, at most {MAX_DETECTIONS} in a field.",
        "Bold is the best of a column.",
        "The mean is over classes; single classes are in `crowds.csv`.",
    ]
    overall = [row for row in evaluation.rows if row.class_id == MEAN]
    parts = list(dict.fromkeys(row.part for row in overall))
    lines += ["", "| fields | number | cells | mean overlap | touching cells |", "| --- | --- | --- | --- | --- |"]
    for part in parts:
        row = next(r for r in overall if r.part == part)
        lines.append(f"| {part} | {row.fields} | {row.truths} | {row.mean_overlap:.3f} | {row.touching_share:.1%} |")
    for figure, name in _FIGURES.items():
        lines += _matrix(name, {(row.suppression, row.part): getattr(row, figure) for row in overall})
    for class_id in dict.fromkeys(pair.class_id for pair in evaluation.pairs):
        chosen = [pair for pair in evaluation.pairs if pair.class_id == class_id]
        if any(pair.truths for pair in chosen):
            for name, read in _RECALLS.items():
                cells = {(p.suppression, f"IoU > {p.min_overlap} ({p.truths} cells)"): read(p) for p in chosen}
                lines += _matrix(f"{name} of {class_id} with a neighbour of their class on them", cells)
    return [*lines, ""]


_FIGURES = {
    "ap": "AP, mean over classes",
    "ap50": "AP50, mean over classes",
    "best_f1": "Best F1 at IoU 0.5, mean over classes",
}
_RECALLS: dict[str, Callable[[PairRow], float]] = {
    "Recall at IoU 0.5": lambda pair: pair.recall50,
    "Recall at IoU 0.75": lambda pair: pair.recall75,
}


def _matrix(title: str, cells: dict[tuple[str, str], float]) -> list[str]:
    """A table of suppressions by columns, the best of each column bold."""
    names, columns = list(dict.fromkeys(n for n, _ in cells)), list(dict.fromkeys(c for _, c in cells))
    best = {c: max((f"{cells[n, c]:.4f}" for n in names if cells[n, c] == cells[n, c]), default="") for c in columns}
    lines = ["", f"## {title}", "", f"| suppression | {' | '.join(columns)} |", "| --- " * (len(columns) + 1) + "|"]
    for name in names:
        shown = [f"{cells[name, c]:.4f}" for c in columns]
        marked = [f"**{value}**" if value == best[c] else value for value, c in zip(shown, columns, strict=True)]
        lines.append(f"| {name} | {' | '.join(marked)} |")
    return lines
