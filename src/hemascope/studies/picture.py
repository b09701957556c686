"""The picture of a study: what accuracy costs in time."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # files only, no window
from matplotlib import pyplot as plt


def draw_accuracy_for_time(points: Sequence[tuple[str, float, float]], accuracy: str, title: str, path: Path) -> None:
    """One point a network: (name, milliseconds an image, accuracy); the line joins those that nothing beats in both."""
    figure, axis = plt.subplots(figsize=(7, 4.5))
    best = -1.0
    front = []
    for _, ms, value in sorted(points, key=lambda point: (point[1], -point[2])):
        if value > best:
            front.append((ms, value))
            best = value
    if front:
        axis.plot(*zip(*front, strict=True), color="0.7", linewidth=1, zorder=1)
    for name, ms, value in points:
        axis.scatter(ms, value, zorder=2)
        axis.annotate(name, (ms, value), xytext=(5, 4), textcoords="offset points", fontsize=8)
    axis.set_xlabel("milliseconds an image")
    axis.set_ylabel(accuracy)
    axis.set_title(title, fontsize=10)
    axis.grid(alpha=0.3)
    axis.margins(x=0.15, y=0.12)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
