"""Pictures of a classifier's evaluation: curves of all classes, reliability, what withholding buys."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray

from hemascope.core.boxes import IntArray
from hemascope.core.metrics.calibration import expected_calibration_error, reliability_bins
from hemascope.core.metrics.ranking import RankingCurves
from hemascope.core.metrics.selective import RiskCoverage
from hemascope.evaluation.pictures import class_colours, save_figure


def draw_class_curves(curves: Mapping[str, RankingCurves], path: Path) -> None:
    """Precision over recall and the ROC of each class against the rest, with the areas in the legend."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5.2))
    for (class_id, curve), colour in zip(curves.items(), class_colours(len(curves)), strict=True):
        name = class_id.replace("_", " ")
        left.plot(
            curve.recall, curve.precision, color=colour, linewidth=1.4, label=f"{name} AP {curve.average_precision:.3f}"
        )
        rate, recall = np.insert(curve.false_positive_rate, 0, 0), np.insert(curve.recall, 0, 0)
        right.plot(rate, recall, color=colour, linewidth=1.4, label=f"{name} AUROC {curve.auroc:.4f}")
    left.set(xlim=(0, 1.01), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    right.set(
        xlim=(0.0005, 1), ylim=(0, 1.02), xscale="log", xlabel="false positive rate (log)", ylabel="true positive rate"
    )
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    save_figure(figure, path)


def draw_reliability(stages: Mapping[str, NDArray[np.float64]], labels: IntArray, path: Path) -> None:
    """One panel a set of probabilities `(n, classes)`: accuracy over confidence, and how many cells each bin has."""
    figure, axes = plt.subplots(
        2, len(stages), figsize=(4.2 * len(stages), 5), height_ratios=(3, 1), squeeze=False, sharex=True
    )
    for (name, probabilities), axis, counts in zip(stages.items(), axes[0], axes[1], strict=True):
        bins = reliability_bins(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
        confidence, share = [b.probability for b in bins], [b.share for b in bins]
        axis.plot([0, 1], [0, 1], color="#8a949e", linewidth=1, linestyle="--")
        axis.plot(confidence, share, marker="o", markersize=4, color="#1450ff")
        axis.vlines(confidence, confidence, share, color="#d6402b", linewidth=1.5)
        axis.set(xlim=(0, 1.02), ylim=(0, 1.04), ylabel="accuracy")
        axis.set_title(f"{name}: ECE {expected_calibration_error(probabilities, labels):.4f}", fontsize=10)
        counts.bar(confidence, [b.cells for b in bins], width=0.04, color="#8fa6c9")
        counts.set(xlabel="confidence", ylabel="cells", yscale="log")
        axis.grid(alpha=0.3)
    save_figure(figure, path)


def draw_risk_coverage(curve: RiskCoverage, points: Sequence[tuple[str, float, float]], path: Path) -> None:
    """Error among the surest cells over their share; `points` are operating points: name, coverage, error."""
    figure, axis = plt.subplots(figsize=(5.6, 4.2))
    axis.plot(curve.coverage, curve.risk, color="#1450ff", linewidth=1.6, label=f"surest cells, area {curve.area:.4f}")
    for (name, coverage, risk), marker in zip(points, "osD^", strict=False):
        axis.plot(coverage, risk, marker, color="#d6402b", markersize=7, label=f"{name}: {risk:.1%} of {coverage:.1%}")
    axis.set(xlim=(0, 1.01), xlabel="share of cells that are identified", ylabel="share of wrong ones among them")
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8, loc="upper left")
    save_figure(figure, path)
