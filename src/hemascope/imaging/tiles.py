"""Cut a large image into overlapping tiles, and merge what was detected in them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from hemascope.core.boxes import IntArray, area_xyxy, intersection_xyxy
from hemascope.core.detections import Detections

BoolArray = NDArray[np.bool_]
Window = tuple[int, int, int, int]  # x1, y1, x2, y2 in whole pixels of the image
_CUT_MARGIN_PX = 4  # a box that ends this near to an inner border of its tile may go on behind it
_CONTAINED_FRACTION = 0.7  # so much of a cut box inside another one: the same cell


def tile_windows(width: int, height: int, tile_px: int, overlap_px: int) -> list[Window]:
    """Windows row by row that cover the image; neighbours share at least `overlap_px`.

    The last window of a row or column is moved inwards, so that all have the full size wherever the image allows it.
    Raises ValueError unless 0 <= overlap < tile.
    """
    if not 0 <= overlap_px < tile_px:
        raise ValueError(f"the overlap must be 0 or more and below the tile of {tile_px} px, got {overlap_px}")
    return [
        (x, y, min(x + tile_px, width), min(y + tile_px, height))
        for y in _starts(height, tile_px, overlap_px)
        for x in _starts(width, tile_px, overlap_px)
    ]


def _starts(length: int, tile_px: int, overlap_px: int) -> list[int]:
    last = max(0, length - tile_px)
    return [*range(0, last, tile_px - overlap_px), last]


def merge_tiles(parts: Sequence[Detections], windows_xyxy: Sequence[Window], nms_iou: float) -> Detections:
    """One result from the detections of each tile, given in pixels of the image; best score first.

    A cell smaller than the overlap lies whole in at least one tile, so whole boxes win over those cut by an inner
    border. Of two boxes from different tiles the loser is dropped when both have one class and their intersection over
    union exceeds `nms_iou`, or when it is a cut one that the winner holds for the most part, whatever class the piece
    was given. Boxes of one tile never compete again.
    """
    windows = np.array(windows_xyxy, np.int64).reshape(-1, 4)
    merged = Detections.concatenate(list(parts))
    if len(windows) < 2:
        return merged
    tile = np.repeat(np.arange(len(windows)), [len(part) for part in parts])
    is_cut = _is_cut(merged, windows[tile], windows[:, 2:].max(axis=0))
    # a cut box is judged by how much of the cell it holds
    merit = np.where(is_cut, area_xyxy(merged.boxes_xyxy), merged.scores)
    rank = np.lexsort((-merit, is_cut)).argsort()
    alive = np.ones(len(merged), dtype=bool)
    for winner, loser in _conflicts(merged, tile, windows, is_cut, rank, nms_iou):
        if alive[winner]:  # a dropped box drops nobody
            alive[loser] = False
    kept = np.flatnonzero(alive)
    return merged.select(kept[np.argsort(-merged.scores[kept], kind="stable")])


def _is_cut(detections: Detections, windows: IntArray, image_size: IntArray) -> BoolArray:
    """Which boxes `(n,)` end at a border of their own window `(n, 4)` that is not a border of the image."""
    boxes = detections.boxes_xyxy
    at_start = (boxes[:, :2] < windows[:, :2] + _CUT_MARGIN_PX) & (windows[:, :2] > 0)
    at_end = (boxes[:, 2:] > windows[:, 2:] - _CUT_MARGIN_PX) & (windows[:, 2:] < image_size)
    is_cut: BoolArray = np.any(at_start | at_end, axis=1)
    return is_cut


def _conflicts(
    merged: Detections, tile: IntArray, windows: IntArray, is_cut: BoolArray, rank: IntArray, nms_iou: float
) -> IntArray:
    """Pairs (winner, loser) `(m, 2)` of boxes from overlapping tiles, best winner first."""
    area = area_xyxy(merged.boxes_xyxy)
    bounds = np.searchsorted(tile, np.arange(len(windows) + 1))
    # all windows have one size, so two overlap when their corners differ by less than it on both axes
    corners = windows[:, :2] / (windows[0, 2:] - windows[0, :2])
    pairs = [np.zeros((0, 2), np.int64)]
    for a, b in cKDTree(corners).query_pairs(1 - 1e-9, p=np.inf, output_type="ndarray"):
        of_a, of_b = np.arange(bounds[a], bounds[a + 1]), np.arange(bounds[b], bounds[b + 1])
        common = intersection_xyxy(merged.boxes_xyxy[of_a], merged.boxes_xyxy[of_b])
        i, j = np.nonzero(common)
        first, second, common = of_a[i], of_b[j], common[i, j]
        is_first_better = rank[first] < rank[second]
        winner, loser = np.where(is_first_better, first, second), np.where(is_first_better, second, first)
        is_double = common > nms_iou * (area[winner] + area[loser] - common)
        is_double &= merged.class_ids[winner] == merged.class_ids[loser]
        is_piece = is_cut[loser] & (common > _CONTAINED_FRACTION * area[loser])
        pairs.append(np.stack([winner, loser], axis=1)[is_double | is_piece])
    conflicts = np.concatenate(pairs)
    return conflicts[np.argsort(rank[conflicts[:, 0]], kind="stable")]
