"""Copies of an image: identical files, and pictures that differ by compression, colour, size, a turn or a mirror.

The perceptual hash is the sign of each of the 16 x 16 lowest frequencies of the grey picture (Zauner 2010, "pHash", but
with the threshold at zero, not at the median). A mirror changes the sign of every odd frequency and a quarter turn
swaps the two directions, so the distance over all eight positions costs two products of matrices instead of eight.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.errors import ImageError
from hemascope.imaging.decode import decode_image
from hemascope.imaging.resize import RgbArray

HashArray = NDArray[np.bool_]  # (n, 16, 16), rows are vertical frequencies; [0, 0] says nothing and is False

HASH_BITS = 255
# Of 255 bits. On the public sets every known copy is nearer, and no two different cells are (results/audit).
NEAR_DISTANCE = 44
_FREQUENCIES = 16
_PICTURE_PX = 64
_BLOCK = 1024  # images compared with as many others at once: about 40 MB
_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_PARITIES = tuple((slice(row, None, 2), slice(column, None, 2)) for row in (0, 1) for column in (0, 1))


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What identifies a picture: the SHA-256 of its file and its perceptual hash `(16, 16)`, None where unreadable."""

    sha256: str | None
    perceptual: NDArray[np.bool_] | None
    width: int | None = None
    height: int | None = None
    fault: str | None = None  # why it cannot be read


def perceptual_hash(rgb: RgbArray) -> NDArray[np.bool_]:
    """`(16, 16)` bits of an image of any size; it is squeezed to a square first, which turns and mirrors survive."""
    picture = Image.fromarray(rgb).resize((_PICTURE_PX, _PICTURE_PX), Image.Resampling.LANCZOS)
    grey = np.asarray(picture, np.float32) @ _GREY
    frequencies: FloatArray = dctn(grey, norm="ortho")[:_FREQUENCIES, :_FREQUENCIES]
    bits = frequencies > 0
    bits[0, 0] = False  # the mean brightness
    return bits


def fingerprint(path: Path) -> Fingerprint:
    """Never raises for a missing or damaged file: `fault` tells."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return Fingerprint(None, None, fault=error.strerror or str(error))
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        rgb = decode_image(data)
    except ImageError as error:
        return Fingerprint(sha256, None, fault=str(error))
    return Fingerprint(sha256, perceptual_hash(rgb), rgb.shape[1], rgb.shape[0])


def fingerprints(
    paths: Sequence[Path], on_image: Callable[[object], None] = lambda _done: None, *, threads: int | None = None
) -> list[Fingerprint]:
    """One a path, in its order; files are read by all cores. `on_image` is called after each."""
    found = []
    with ThreadPoolExecutor(threads or min(8, os.cpu_count() or 1)) as pool:
        for one in pool.map(fingerprint, paths):
            found.append(one)
            on_image(one)
    return found


def near_pairs(hashes: HashArray, max_distance: int = NEAR_DISTANCE) -> IntArray:
    """Pairs of pictures that differ in at most `max_distance` bits in one of the eight positions.

    Rows `(m, 3)` of first index, second index (larger) and distance, in order. Exact for every distance; memory does
    not grow with the number of images, time does with its square (100,000 images take minutes on two cores).
    """
    signs = np.where(hashes, np.float32(1), np.float32(-1))
    upright, turned = _by_parity(signs), _by_parity(signs.transpose(0, 2, 1))
    found = [np.zeros((0, 3), np.int64)]
    for first, second in _blocks(len(hashes)):
        agreement = np.maximum(
            _best_of_mirrors(upright, upright, first, second), _best_of_mirrors(upright, turned, first, second)
        )
        # The dropped bit [0, 0] is -1 everywhere: it counts as one agreement more, in all positions alike.
        rows, columns = np.nonzero(agreement >= HASH_BITS + 1 - 2 * max_distance)
        distance = np.rint((HASH_BITS + 1 - agreement[rows, columns]) / 2).astype(np.int64)
        pairs = np.stack([rows + first.start, columns + second.start, distance], axis=1)
        found.append(pairs[pairs[:, 0] < pairs[:, 1]])
    pairs = np.concatenate(found)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _blocks(count: int) -> Iterator[tuple[slice, slice]]:
    """Pairs of blocks in and above the diagonal."""
    for start in range(0, count, _BLOCK):
        for other in range(start, count, _BLOCK):
            yield slice(start, start + _BLOCK), slice(other, other + _BLOCK)


def _by_parity(signs: FloatArray) -> list[FloatArray]:
    """Even-even, even-odd, odd-even and odd-odd frequencies, each `(n, 64)`: what a mirror negates as one."""
    return [
        np.ascontiguousarray(signs[:, rows, columns]).reshape(len(signs), _FREQUENCIES**2 // 4)
        for rows, columns in _PARITIES
    ]


def _best_of_mirrors(a: list[FloatArray], b: list[FloatArray], first: slice, second: slice) -> FloatArray:
    """Agreements minus disagreements in the best of the four mirrorings.

    They are ee +- eo +- oe + oo, where oo has the sign of the product: max(ee+oo + |eo+oe|, ee-oo + |eo-oe|).
    """
    ee, eo, oe, oo = (part_a[first] @ part_b[second].T for part_a, part_b in zip(a, b, strict=True))
    best: FloatArray = np.maximum(ee + oo + np.abs(eo + oe), ee - oo + np.abs(eo - oe))
    return best


def identical_pairs(digests: Sequence[str | None]) -> IntArray:
    """Pairs `(m, 2)` of equal SHA-256: each file with the first one of its content; None equals nothing."""
    first: dict[str, int] = {}
    pairs = []
    for index, digest in enumerate(digests):
        if digest is not None and first.setdefault(digest, index) != index:
            pairs.append((first[digest], index))
    return np.array(pairs, np.int64).reshape(-1, 2)


def near_pairs_of(prints: Sequence[Fingerprint], max_distance: int = NEAR_DISTANCE) -> IntArray:
    """`near_pairs` of those that could be read, as indices into `prints`."""
    readable = [index for index, one in enumerate(prints) if one.perceptual is not None]
    if not readable:
        return np.zeros((0, 3), np.int64)
    pairs = near_pairs(np.stack([prints[i].perceptual for i in readable]), max_distance)  # type: ignore[misc]
    index = np.array(readable, np.int64)
    return np.column_stack([index[pairs[:, 0]], index[pairs[:, 1]], pairs[:, 2]])


def families(count: int, pairs: IntArray) -> IntArray:
    """Number of the family of each of `count` images `(count,)`: who is joined by a chain of pairs shares one."""
    links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, labels = connected_components(links, directed=False)
    return np.asarray(labels, np.int64)
