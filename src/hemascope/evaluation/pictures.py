"""Pictures of an evaluation: confusion matrices and precision-recall curves."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hemascope.core.metrics.average_precision import ClassMatches

mpl.use("Agg")  # files only, no window
from matplotlib import pyplot as plt


def draw_confusion(
    confusion: NDArray[np.int64], rows: Sequence[str], columns: Sequence[str], title: str, path: Path
) -> None:
    """Counts in the cells, colour by share of the row."""
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    figure, axis = plt.subplots(figsize=(2.5 + 0.55 * len(columns), 2 + 0.5 * len(rows)))
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(confusion.shape):
        if confusion[i, j]:
            axis.text(
                j,
                i,
                str(confusion[i, j]),
                ha="center",
                va="center",
                fontsize=8,
                color="white" if share[i, j] > 0.6 else "black",
            )
    axis.set_xticks(range(len(columns)), [c.replace("_", " ") for c in columns], rotation=45, ha="right", fontsize=8)
    axis.set_yticks(range(len(rows)), [r.replace("_", " ") for r in rows], fontsize=8)
    axis.set_xlabel("predicted")
    axis.set_ylabel("true")
    axis.set_title(title, fontsize=10)
    save_figure(figure, path)


def draw_precision_recall(matches: dict[str, ClassMatches], thresholds: Sequence[float], path: Path) -> None:
    """One panel an IoU threshold, one curve a class with its AP in the legend."""
    figure, axes = plt.subplots(1, len(thresholds), figsize=(4.2 * len(thresholds), 3.8), squeeze=False)
    for axis, threshold in zip(axes.flat, thresholds, strict=True):
        for class_id, match in matches.items():
            precision, recall = match.precision_recall(threshold)
            label = f"{class_id} AP {match.average_precision(threshold):.3f}"
            axis.plot(recall, precision, label=label, linewidth=1.5)
        axis.set(xlim=(0, 1.01), ylim=(0, 1.01), xlabel="recall", ylabel="precision")
        axis.set_title(f"IoU {threshold:.2f}", fontsize=10)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, loc="lower left")
    save_figure(figure, path)


def class_colours(count: int) -> list[tuple[float, ...]]:
    """Colours that differ as far as so many can."""
    table = plt.get_cmap("tab10" if count <= 10 else "tab20")
    return [table(i) for i in range(count)] if count <= table.N else [*plt.get_cmap("turbo")(np.linspace(0, 1, count))]


def save_figure(figure: Figure, path: Path) -> None:
    """Writes and closes it."""
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
