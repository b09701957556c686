from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import rotate

from hemascope.data.same_cell import cell_descriptor, same_cells
from hemascope.hematology.taxonomy import detection_class
from hemascope.imaging.crop import crop_window_xyxy, cut_square
from hemascope.imaging.resize import RgbArray, resize_rgb
from hemascope.synth import PRESETS, paint_field


@pytest.fixture(scope="module")
def cells() -> list[RgbArray]:
    """Three painted white cells with their neighbours."""
    found: list[RgbArray] = []
    for seed in range(4):
        field = paint_field(PRESETS["peripheral-blood-normal"], seed)
        white = [i for i, name in enumerate(field.class_ids) if detection_class(name) == "wbc"]
        crops = [cut_square(field.rgb, crop_window_xyxy(field.boxes_xyxy[i], 5.0)) for i in white[:1]]
        found += [resize_rgb(crop, 160, 160) for crop in crops]
    return found[:3]


def varied(rgb: RgbArray, angle: float, mirror: bool, shift: int) -> RgbArray:
    """As an enlarged set holds it: turned by any angle with black corners, mirrored, shifted."""
    turned = rotate(rgb, angle, reshape=False, order=1, cval=0)
    moved = np.roll(turned, shift, axis=1)
    moved[:, :shift] = 0
    return np.ascontiguousarray(moved[:, ::-1] if mirror else moved)


def test_copies_of_a_cell_are_found_turned_mirrored_and_shifted(tmp_path: Path, cells: list[RgbArray]) -> None:
    paths = []
    for i, rgb in enumerate(cells):
        for copy, (angle, mirror, shift) in enumerate([(0, False, 0), (20, False, 0), (-25, True, 0), (8, True, 9)]):
            path = tmp_path / f"{i}-{copy}.png"
            Image.fromarray(varied(rgb, angle, mirror, shift)).save(path)
            paths.append(path)
    numbers = same_cells(paths, tmp_path / "runs" / "cells.npz").reshape(3, 4)
    assert [len(set(row)) for row in numbers.tolist()] == [1, 1, 1]
    again = same_cells(paths, tmp_path / "runs" / "cells.npz")
    np.testing.assert_array_equal(again.reshape(3, 4), numbers)


def test_descriptor_bears_turns_and_mirrors_but_not_another_cell(cells: list[RgbArray]) -> None:
    own = cell_descriptor(cells[0])
    for rgb in (cells[0][:, ::-1], np.rot90(cells[0])):
        assert np.linalg.norm(cell_descriptor(np.ascontiguousarray(rgb)) - own) < 30
    assert min(np.linalg.norm(cell_descriptor(other) - own) for other in cells[1:]) > 30


def test_picture_without_a_nucleus_has_an_empty_descriptor() -> None:
    assert not cell_descriptor(np.full((40, 50, 3), 240, np.uint8)).any()


def test_one_picture_is_one_cell(tmp_path: Path) -> None:
    assert same_cells([tmp_path / "never read.png"]).tolist() == [0]
    assert same_cells([]).tolist() == []
