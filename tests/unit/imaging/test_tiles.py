from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from builders import make_detections
from hemascope.core.boxes import FloatArray
from hemascope.core.detections import Detections
from hemascope.imaging.tiles import Window, merge_tiles, tile_windows


@pytest.mark.parametrize(
    ("size", "tile_px", "overlap_px", "expected"),
    [
        ((100, 80), 200, 50, [(0, 0, 100, 80)]),
        ((200, 200), 200, 50, [(0, 0, 200, 200)]),
        ((201, 100), 200, 50, [(0, 0, 200, 100), (1, 0, 201, 100)]),
        ((350, 100), 200, 50, [(0, 0, 200, 100), (150, 0, 350, 100)]),
        ((300, 300), 200, 0, [(0, 0, 200, 200), (100, 0, 300, 200), (0, 100, 200, 300), (100, 100, 300, 300)]),
    ],
)
def test_tile_windows_are_the_expected_ones(
    size: tuple[int, int], tile_px: int, overlap_px: int, expected: list[Window]
) -> None:
    assert tile_windows(*size, tile_px, overlap_px) == expected


@pytest.mark.parametrize("overlap_px", [-1, 200, 300])
def test_tile_windows_refuse_when_the_overlap_is_no_overlap(overlap_px: int) -> None:
    with pytest.raises(ValueError, match="overlap"):
        tile_windows(500, 500, 200, overlap_px)


@given(st.integers(1, 700), st.integers(1, 700), st.integers(20, 300), st.data())
def test_tile_windows_cover_every_pixel_and_overlap_as_asked(
    width: int, height: int, tile_px: int, data: st.DataObject
) -> None:
    overlap_px = data.draw(st.integers(0, tile_px - 1))
    assume(tile_px - overlap_px > 5)
    windows = tile_windows(width, height, tile_px, overlap_px)
    covered = np.zeros((height, width), bool)
    for x1, y1, x2, y2 in windows:
        assert (x2 - x1, y2 - y1) == (min(tile_px, width), min(tile_px, height))
        covered[y1:y2, x1:x2] = True
    assert covered.all()
    assert windows == sorted(set(windows), key=lambda window: (window[1], window[0]))
    lefts = sorted({window[0] for window in windows})
    assert all(b - a <= tile_px - overlap_px for a, b in pairwise(lefts))


def see(boxes: FloatArray, class_ids: list[int], window: Window) -> Detections:
    """An oracle: every box that reaches into the window, cut at its borders; a piece is less certain than the whole."""
    x1, y1, x2, y2 = window
    cut = np.clip(boxes, [x1, y1, x1, y1], [x2, y2, x2, y2])
    seen = np.flatnonzero((cut[:, 2:] > cut[:, :2]).all(axis=1))
    share = np.prod(cut[seen, 2:] - cut[seen, :2], axis=1) / np.prod(boxes[seen, 2:] - boxes[seen, :2], axis=1)
    return Detections(cut[seen], (0.5 + 0.4 * share).astype(np.float32), np.array(class_ids, np.int64)[seen])


@st.composite
def disjoint_boxes(draw: st.DrawFn, width: int, height: int, max_side: int) -> FloatArray:
    boxes: list[list[int]] = []
    for _ in range(draw(st.integers(0, 25))):
        w, h = draw(st.integers(2, max_side)), draw(st.integers(2, max_side))
        x, y = draw(st.integers(0, width - w)), draw(st.integers(0, height - h))
        if all(x >= b[2] or x + w <= b[0] or y >= b[3] or y + h <= b[1] for b in boxes):
            boxes.append([x, y, x + w, y + h])
    return np.array(boxes, np.float32).reshape(-1, 4)


@given(st.integers(90, 400), st.integers(90, 400), st.data())
def test_merge_tiles_restores_disjoint_cells_that_are_smaller_than_the_overlap(
    width: int, height: int, data: st.DataObject
) -> None:
    boxes = data.draw(disjoint_boxes(width, height, max_side=39))
    class_ids = data.draw(st.lists(st.integers(0, 2), min_size=len(boxes), max_size=len(boxes)))
    windows = tile_windows(width, height, 100, 40)
    merged = merge_tiles([see(boxes, class_ids, window) for window in windows], windows, 0.5)
    expected = {(*box, class_id) for box, class_id in zip(boxes.tolist(), class_ids, strict=True)}
    assert len(merged) == len(expected)
    assert {(*box, int(c)) for box, c in zip(merged.boxes_xyxy.tolist(), merged.class_ids, strict=True)} == expected


WINDOWS = [(0, 0, 100, 100), (60, 0, 160, 100)]


def test_merge_tiles_drops_the_piece_when_it_was_given_another_class_than_the_whole_cell() -> None:
    piece = make_detections([[70, 10, 100, 40]], scores=[0.95], class_ids=[1])
    whole = make_detections([[70, 10, 104, 40]], scores=[0.6], class_ids=[0])
    merged = merge_tiles([piece, whole], WINDOWS, 0.5)
    assert merged.boxes_xyxy.tolist() == [[70, 10, 104, 40]]
    assert merged.class_ids.tolist() == [0]


def test_merge_tiles_keeps_one_box_when_both_tiles_saw_a_whole_cell_slightly_differently() -> None:
    first = make_detections([[65, 10, 90, 40]], scores=[0.7])
    second = make_detections([[66, 11, 92, 41]], scores=[0.8])
    assert merge_tiles([first, second], WINDOWS, 0.5).boxes_xyxy.tolist() == [[66, 11, 92, 41]]


def test_merge_tiles_keeps_overlapping_cells_when_one_tile_told_them_apart() -> None:
    cells = make_detections([[10, 10, 40, 40], [12, 12, 30, 30]], scores=[0.9, 0.8])
    assert len(merge_tiles([cells, Detections.empty()], WINDOWS, 0.1)) == 2


def test_merge_tiles_keeps_a_platelet_on_a_red_cell_when_two_tiles_saw_both() -> None:
    seen = make_detections([[65, 10, 95, 40], [70, 15, 78, 23]], class_ids=[1, 2])
    assert sorted(merge_tiles([seen, seen], WINDOWS, 0.5).class_ids.tolist()) == [1, 2]


def test_merge_tiles_keeps_one_piece_when_no_tile_holds_the_whole_cell() -> None:
    left = make_detections([[50, 10, 100, 40]], scores=[0.7])
    right = make_detections([[60, 10, 115, 40]], scores=[0.6])
    assert merge_tiles([left, right], WINDOWS, 0.5).boxes_xyxy.tolist() == [[60, 10, 115, 40]]


def test_merge_tiles_keeps_a_cut_cell_when_the_neighbour_missed_it() -> None:
    cut = make_detections([[90, 10, 100, 40]])
    assert len(merge_tiles([cut, Detections.empty()], WINDOWS, 0.5)) == 1


@pytest.mark.parametrize("windows", [[], [(0, 0, 50, 50)], WINDOWS])
def test_merge_tiles_is_empty_when_nothing_was_seen(windows: list[Window]) -> None:
    assert len(merge_tiles([Detections.empty()] * len(windows), windows, 0.5)) == 0
