"""Pictures of one cell that were turned by any angle, mirrored and shifted, which the perceptual hash cannot see.

The nucleus stays what it is: around its centre the picture is read in rings, and of each ring the strengths of the
lowest angular frequencies are kept, which neither a turn nor a mirror changes. Pictures of one cell then lie near each
other, and average linkage gathers them. Made for sets that were enlarged by such copies before they were published.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.ndimage import binary_dilation, binary_opening, center_of_mass, label, map_coordinates
from scipy.spatial.distance import pdist

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.data.images import read_image
from hemascope.errors import OutputError
from hemascope.imaging.resize import RgbArray, resize_rgb

# Nearer on average is one cell. On kaggle-wbc4 this gives 249 cells where its authors had 277 pictures; a smaller
# distance tears copies apart, a larger one only joins cells that look alike, which does no harm to a division.
SAME_CELL_DISTANCE = 70.0
_LONGEST_PX = 160
_RADII = np.linspace(1, 46, 16)
_ANGLES = np.linspace(0, 2 * np.pi, 64, endpoint=False)
_FREQUENCIES = 9
_FADE_PX = 35.0  # outer rings count less: they hold neighbours and borders
_SIZE_WEIGHT = 4.4
_PURPLE = 45  # a nucleus has so much more blue than green
_CAMERA_BLACK = 25  # outside of the turned picture


def cell_descriptor(rgb: RgbArray) -> FloatArray:
    """`(433,)` numbers that neither turns nor mirrors of the picture change much; zeros where no nucleus is seen."""
    scale = _LONGEST_PX / max(rgb.shape[:2])
    small = resize_rgb(rgb, round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    is_purple = binary_opening(small[..., 2].astype(np.int16) - small[..., 1] > _PURPLE)
    parts, count = label(binary_dilation(is_purple, iterations=2))  # the lobes of a nucleus are one
    if count == 0:
        return np.zeros(3 * len(_RADII) * _FREQUENCIES + 1, np.float32)
    sizes = np.bincount(parts[is_purple], minlength=count + 1)[1:]
    y, x = center_of_mass(is_purple & (parts == sizes.argmax() + 1))
    places = [y + _RADII[:, None] * np.sin(_ANGLES), x + _RADII[:, None] * np.cos(_ANGLES)]
    planes = np.moveaxis(small, 2, 0).astype(np.float32)
    rings = np.stack([map_coordinates(plane, places, order=1, mode="nearest") for plane in planes])
    strengths = np.abs(np.fft.rfft(_without_black(rings), axis=2))[..., :_FREQUENCIES] / len(_ANGLES)
    strengths[..., 1:] *= 2
    strengths *= np.exp(-_RADII / _FADE_PX)[:, None]
    return np.append(strengths.ravel(), _SIZE_WEIGHT * np.sqrt(sizes.max())).astype(np.float32)


def same_cells(paths: Sequence[Path], cache: Path | None = None) -> IntArray:
    """Number of the cell of each picture `(n,)`. `cache` is a file that spares reading the same pictures again.

    Time and memory grow with the square of n: 3,500 pictures take half a minute, 100 MB. Raises DatasetError for one
    that cannot be read, OutputError where the cache cannot be written.
    """
    if len(paths) < 2:
        return np.zeros(len(paths), np.int64)
    stamps = [f"{path.resolve()} {path.stat().st_mtime_ns}" for path in paths]
    digest = hashlib.sha256("\n".join(stamps).encode()).hexdigest()
    descriptors = None if cache is None else _read(cache, digest)
    if descriptors is None:
        descriptors = np.stack([cell_descriptor(read_image(path)) for path in paths])
        if cache is not None:
            _write(cache, digest, descriptors)
    joined = linkage(pdist(descriptors), "average")
    return np.asarray(fcluster(joined, SAME_CELL_DISTANCE, "distance"), np.int64)


def _without_black(rings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Black pixels of a ring get its mean; `(3, rings, angles)`."""
    seen = (rings.max(axis=0) > _CAMERA_BLACK).astype(np.float32)
    mean = (rings * seen).sum(axis=2) / np.maximum(seen.sum(axis=1), 1)
    return np.where(seen > 0, rings, mean[..., None])


def _read(cache: Path, digest: str) -> FloatArray | None:
    try:
        with np.load(cache) as content:
            return np.asarray(content["descriptors"]) if content["digest"] == digest else None
    except (OSError, ValueError, KeyError):
        return None


def _write(cache: Path, digest: str, descriptors: FloatArray) -> None:
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        partial = cache.with_suffix(".partial.npz")
        np.savez_compressed(partial, digest=np.array(digest), descriptors=descriptors)
        partial.replace(cache)
    except OSError as error:
        raise OutputError(f"cannot write {cache}: {error}") from error
