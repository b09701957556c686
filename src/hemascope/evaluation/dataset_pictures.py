"""Pictures of a dataset: how many of each class, and how large they are."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from hemascope.core.boxes import FloatArray
from hemascope.data.statistics import DatasetStatistics

mpl.use("Agg")  # files only, no window
from matplotlib import pyplot as plt

CLASSES_FILE, SIZES_FILE = "classes.png", "box_sizes.png"


def draw_class_counts(found: DatasetStatistics, path: Path) -> None:
    """One bar a class, shapes where the dataset has any, else images; the axis is logarithmic: classes differ much."""
    rows = found.classes[::-1]
    counts = [row.shapes if found.shapes else row.images for row in rows]
    figure, axis = plt.subplots(figsize=(7, 1.2 + 0.28 * max(len(rows), 2)))
    bars = axis.barh([row.label.replace("_", " ") for row in rows], counts, color="#3c78b4")
    axis.bar_label(bars, [f"{count:,}" for count in counts], padding=3, fontsize=8)
    axis.set_xscale("log")
    axis.set_xlim(0.8, max([*counts, 1]) * 3)
    axis.set_xlabel("shapes" if found.shapes else "images")
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def draw_box_sizes(sides_px: dict[str, FloatArray], path: Path) -> None:
    """One box a class from the 25th to the 75th percentile of the longer side, whiskers from the 5th to the 95th."""
    classes = sorted(
        (label for label, sides in sides_px.items() if len(sides)), key=lambda label: sides_px[label].mean()
    )
    figure, axis = plt.subplots(figsize=(7, 1.2 + 0.28 * max(len(classes), 2)))
    axis.boxplot(
        [sides_px[label] for label in classes],
        orientation="horizontal",
        tick_labels=[label.replace("_", " ") for label in classes],
        whis=(5, 95),
        showfliers=False,
    )
    axis.set_xlabel("longer side in pixels")
    axis.tick_params(labelsize=8)
    axis.grid(axis="x", alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
