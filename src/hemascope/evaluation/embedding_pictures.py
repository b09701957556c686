"""A map of cells: t-SNE of what a network sees, or of what it makes of it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray
from hemascope.evaluation.pictures import class_colours, save_figure

MOST_CELLS = 2000  # t-SNE of more takes minutes
LEAST_CELLS = 10
_PERPLEXITY = 30


def embed(rows: FloatArray) -> NDArray[np.float64]:
    """t-SNE (van der Maaten and Hinton 2008) of `(n, dimensions)`, at least `LEAST_CELLS`, to `(n, 2)`.

    Rows are first cut to their 50 widest principal directions; the seed is fixed. Raises ValueError for fewer rows.
    """
    from sklearn.decomposition import PCA  # slow to import, and most evaluations draw no map
    from sklearn.manifold import TSNE

    if len(rows) < LEAST_CELLS:
        raise ValueError(f"expected {LEAST_CELLS} cells or more, got {len(rows)}")
    shrunk = PCA(min(50, *rows.shape), random_state=0).fit_transform(rows)
    perplexity = min(_PERPLEXITY, (len(rows) - 1) / 3)
    placed: NDArray[np.float64] = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(shrunk)
    return placed


def draw_embedding(
    places: Sequence[tuple[str, NDArray[np.float64]]],
    labels: Sequence[str],
    names: Sequence[str],
    is_right: NDArray[np.bool_],
    path: Path,
) -> None:
    """One panel a title and places `(n, 2)`; colour by label, one of `names`, and a ring where the network is wrong."""
    size = 9 if len(labels) > 300 else 24
    figure, axes = plt.subplots(1, len(places), figsize=(5.6 * len(places) + 1.8, 5.4), squeeze=False)
    for (title, points), axis in zip(places, axes[0], strict=True):
        for name, colour in zip(names, class_colours(len(names)), strict=True):
            own = np.array([label == name for label in labels])
            if not own.any():
                continue
            axis.scatter(*points[own].T, s=size, color=colour, linewidths=0, label=name.replace("_", " "))
        axis.scatter(
            *points[~is_right].T,
            s=2 * size,
            facecolors="none",
            edgecolors="black",
            linewidths=0.6,
            label="named wrongly",
        )
        axis.set(xticks=[], yticks=[])
        axis.set_title(title, fontsize=10)
    axes[0, -1].legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, markerscale=1.6)
    save_figure(figure, path)
