from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import BLUE, DARK, GLASS, GRID_PX, RED, paint_squares, tiny_bundle
from hemascope.core.detections import Detections
from hemascope.errors import BundleError
from hemascope.imaging.decode import ArrayImage
from hemascope.imaging.resize import RgbArray
from hemascope.inference.bundle import load_bundle
from hemascope.inference.detector import Detector


def make_detector(folder: Path, override: float | None = None, **detection: Any) -> Detector:
    settings = {"score_threshold": 0.5} | detection
    return Detector(load_bundle(tiny_bundle(folder, "detection", detection=settings)), score_threshold=override)


def cells_of(found: Detections) -> set[tuple[float, ...]]:
    return {(*np.round(box, 1).tolist(), int(c)) for box, c in zip(found.boxes_xyxy, found.class_ids, strict=True)}


def square(column: int, row: int, class_id: int) -> tuple[float, ...]:
    return column * GRID_PX, row * GRID_PX, (column + 1) * GRID_PX, (row + 1) * GRID_PX, class_id


def test_detector_finds_each_cell_where_it_was_painted(tmp_path: Path) -> None:
    detector = make_detector(tmp_path)
    field = paint_squares(640, 480, [(2, 3, DARK), (5, 5, RED), (19, 14, BLUE)])
    found = detector.detect(ArrayImage(field))
    assert detector.classes == ("wbc", "rbc", "platelet")
    assert cells_of(found) == {square(2, 3, 0), square(5, 5, 1), square(19, 14, 2)}
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)


def test_detector_gives_pixels_of_the_image_when_it_was_enlarged_for_the_network(tmp_path: Path) -> None:
    field = np.full((240, 320, 3), GLASS, np.uint8)
    field[48:64, 32:48] = DARK
    assert cells_of(make_detector(tmp_path).detect(ArrayImage(field))) == {(32, 48, 48, 64, 0)}


def test_detector_finds_the_same_in_an_image_that_was_prepared_before(tmp_path: Path) -> None:
    detector = make_detector(tmp_path)
    image = ArrayImage(paint_squares(640, 480, [(2, 3, DARK), (5, 5, RED)]))
    prepared = detector.prepare(image)
    assert prepared is not None
    assert prepared.batch.shape[:2] == (1, 3)
    assert cells_of(detector.detect(image, prepared)) == cells_of(detector.detect(image)) != set()


def test_image_that_is_examined_in_tiles_is_not_prepared(tmp_path: Path) -> None:
    detector = make_detector(tmp_path, whole_up_to_px=320, tile_px=320, tile_overlap_px=64)
    assert detector.prepare(ArrayImage(np.full((300, 640, 3), GLASS, np.uint8))) is None


@pytest.mark.parametrize("size", [(640, 640), (960, 720), (100, 37), (8, 8), (17, 700)])
def test_detector_finds_nothing_when_there_is_only_glass(tmp_path: Path, size: tuple[int, int]) -> None:
    glass = np.full((size[1], size[0], 3), GLASS, np.uint8)
    assert len(make_detector(tmp_path).detect(ArrayImage(glass))) == 0


def test_detector_keeps_boxes_inside_the_image_when_the_padding_looks_like_a_cell(tmp_path: Path) -> None:
    """Padding grey is darker than glass, so that the tiny network sees cells in it."""
    found = make_detector(tmp_path, override=0.1).detect(ArrayImage(np.full((460, 640, 3), GLASS, np.uint8)))
    assert (found.boxes_xyxy[:, 3] <= 460).all()
    assert (found.boxes_xyxy[:, 2:] > found.boxes_xyxy[:, :2]).all()


class CountingImage(ArrayImage):
    """Remembers the largest window that was read."""

    largest_px = 0

    def read_region(self, x1: int, y1: int, x2: int, y2: int) -> RgbArray:
        self.largest_px = max(self.largest_px, (x2 - x1) * (y2 - y1))
        return super().read_region(x1, y1, x2, y2)


def test_detector_reads_tile_by_tile_and_counts_each_cell_once_when_the_image_is_large(tmp_path: Path) -> None:
    """Steps of 448 px are whole squares of the tiny network, so that each tile sees the squares alike."""
    detector = make_detector(tmp_path, tile_px=640, tile_overlap_px=192, whole_up_to_px=960)
    cells = [(c, r, (DARK, RED, BLUE)[(c + r) % 3]) for c in range(0, 48, 3) for r in range(0, 34, 4)]
    source = CountingImage(paint_squares(1536, 1088, cells))
    expected = {square(c, r, (c + r) % 3) for c, r, _ in cells}
    assert cells_of(detector.detect(source)) == expected
    assert source.largest_px == 640 * 640


def test_detector_threshold_of_the_caller_overrides_those_of_the_manifest(tmp_path: Path) -> None:
    thresholds = {"score_threshold": 0.0001, "class_thresholds": {"wbc": 1.0, "rbc": 1.0, "platelet": 1.0}}
    faint = ArrayImage(paint_squares(640, 480, [(2, 3, (120, 120, 120))]))
    assert len(make_detector(tmp_path / "a", **thresholds).detect(faint)) == 0
    assert len(make_detector(tmp_path / "b", override=0.3, **thresholds).detect(faint)) == 1
    assert len(make_detector(tmp_path / "c", override=0.46).detect(faint)) == 0


def test_detector_gives_no_more_boxes_than_the_manifest_allows(tmp_path: Path) -> None:
    field = ArrayImage(paint_squares(640, 480, [(c, 0, DARK) for c in range(20)]))
    assert len(make_detector(tmp_path, max_detections=7).detect(field)) == 7


def test_detector_refuses_when_the_bundle_classifies(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="expected a detection bundle"):
        Detector(load_bundle(tiny_bundle(tmp_path, "classification")))


def test_detector_books_the_time_of_each_stage(tmp_path: Path) -> None:
    detector = make_detector(tmp_path)
    detector.detect(ArrayImage(paint_squares(640, 480, [])))
    assert set(detector.times.seconds) == {"read", "preprocess", "detection network", "nms"}
