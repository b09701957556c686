"""The picture of a study: what accuracy costs in time."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # files only, no window
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

_NAME_OFFSETS = (4, -11, 15, -22, 26, -33)  # points above or below the network's own; the first free place is taken


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
    for _, ms, value in points:
        axis.scatter(ms, value, zorder=2)
    axis.set_xlabel("milliseconds an image")
    axis.set_ylabel(accuracy)
    axis.set_title(title, fontsize=10)
    axis.grid(alpha=0.3)
    axis.margins(x=0.2, y=0.12)
    figure.tight_layout()
    _write_names(axis, points)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _write_names(axis: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Each name beside its point, where it covers no other name; to the left of a point where the right has no room."""
    taken: list[Bbox] = []
    for name, ms, value in points:
        text = axis.annotate(name, (ms, value), xytext=(5, 4), textcoords="offset points", fontsize=8)
        aside = 5
        if text.get_window_extent().x1 > axis.get_window_extent().x1:
            text.set_horizontalalignment("right")
            aside = -5
        for offset in _NAME_OFFSETS:
            text.set_position((aside, offset))
            place = text.get_window_extent()
            if not any(place.overlaps(other) for other in taken):
                break
        taken.append(place)
