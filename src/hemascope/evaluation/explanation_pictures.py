"""What a network looks at, drawn over the cell."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray
from hemascope.evaluation.pictures import save_figure
from hemascope.imaging.resize import RgbArray

_COLUMNS = 5
_MOST_OPAQUE = 0.65


def draw_heat(crop: RgbArray, heat: FloatArray, title: str, path: Path) -> None:
    """The cell beside itself under `heat` `(side, side)` from 0 to 1."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(5.4, 3.1))
    left.imshow(crop)
    right.imshow(_under(crop, heat))
    _bare(left, title)
    _bare(right, "speaks for it")
    save_figure(figure, path)


def draw_heads(crop: RgbArray, heads: FloatArray, selected: NDArray[np.int64], title: str, path: Path) -> None:
    """The cell, then one panel for each of `heads` `(heads, grid, grid)` from 0 to 1; a frame marks the patch that the
    head selected, of `selected` `(heads,)` or empty.
    """
    rows = -(-(len(heads) + 1) // _COLUMNS)
    figure, axes = plt.subplots(rows, _COLUMNS, figsize=(2.3 * _COLUMNS, 2.6 * rows), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    axes.flat[0].imshow(crop)
    _bare(axes.flat[0], title)
    grid, side = heads.shape[-1], crop.shape[0]
    for number, (axis, head) in enumerate(zip(axes.flat[1:], heads, strict=False)):
        axis.imshow(_under(crop, np.kron(head, np.ones((-(-side // grid),) * 2))[:side, :side]))
        _bare(axis, f"head {number + 1}")
        if len(selected):
            row, column = divmod(int(selected[number]), grid)
            step = side / grid
            axis.add_patch(
                Rectangle((column * step, row * step), step, step, fill=False, edgecolor="#00e0ff", linewidth=1.6)
            )
    save_figure(figure, path)


def _under(crop: RgbArray, heat: NDArray[np.floating]) -> NDArray[np.float64]:
    colour = mpl.colormaps["inferno"](heat)[..., :3]
    opacity = _MOST_OPAQUE * np.asarray(heat, np.float64)[..., None]
    blended: NDArray[np.float64] = (1 - opacity) * (crop / 255) + opacity * colour
    return blended


def _bare(axis: Axes, title: str) -> None:
    axis.set_title(title, fontsize=9)
    axis.axis("off")
