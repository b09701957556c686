"""The white cell cut out by colour, as EfficientNet-DSP wants it (models.md section 4)."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_fill_holes

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.imaging.lab import rgb_to_lab
from hemascope.imaging.resize import RgbArray

_CLUSTERS = 3  # nucleus and cytoplasm, red cells, glass
_ITERATIONS = 20
_FIT_PIXELS = 4096  # enough for three means; a whole field has too many


def cell_mask(rgb: RgbArray) -> NDArray[np.bool_]:
    """`(height, width)`: the darkest and most saturated of three k-means clusters of the a*, b* planes.

    The mask is closed by a 3 x 3 square and its holes are filled. Nothing is drawn by chance. An image of fewer than
    three colours has no clusters: all of it is the cell.
    """
    lab = rgb_to_lab(rgb)
    colours = lab[..., 1:].reshape(-1, 2)
    step = max(1, len(colours) // _FIT_PIXELS)
    centres = _k_means(colours[::step])
    cluster = _nearest(colours, centres)
    counts = np.bincount(cluster, minlength=_CLUSTERS)
    if (counts == 0).any():
        return np.ones(rgb.shape[:2], bool)
    lightness = np.bincount(cluster, lab[..., 0].ravel(), _CLUSTERS) / counts
    chroma = np.bincount(cluster, np.hypot(*colours.T), _CLUSTERS) / counts
    mask = (cluster == (chroma - lightness).argmax()).reshape(rgb.shape[:2])
    closed = binary_closing(np.pad(mask, 1, mode="edge"), np.ones((3, 3), bool))[1:-1, 1:-1]
    return np.asarray(binary_fill_holes(closed), bool)


def black_background(rgb: RgbArray) -> RgbArray:
    """The image with all but the cell in black."""
    return rgb * cell_mask(rgb)[..., None]


def _k_means(colours: FloatArray) -> FloatArray:
    """Lloyd's algorithm from the means of the pixels' thirds by distance from the median colour."""
    distance = np.hypot(*(colours - np.median(colours, axis=0)).T)
    thirds = np.array_split(np.argsort(distance, kind="stable"), _CLUSTERS)
    centres = np.stack([colours[third].mean(axis=0) if len(third) else colours.mean(axis=0) for third in thirds])
    for _ in range(_ITERATIONS):
        cluster = _nearest(colours, centres)
        counts = np.bincount(cluster, minlength=_CLUSTERS)
        sums = np.stack([np.bincount(cluster, plane, _CLUSTERS) for plane in colours.T], axis=1)
        moved = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres).astype(np.float32)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres


def _nearest(colours: FloatArray, centres: FloatArray) -> IntArray:
    squares = ((colours[:, None, :] - centres) ** 2).sum(axis=2)
    return np.asarray(squares.argmin(axis=1), np.int64)
