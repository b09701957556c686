import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.imaging.crop import centre_zoom, crop_window_xyxy, cut_square

coordinates = st.floats(0, 2000, width=32)


@given(coordinates, coordinates, st.floats(0, 500, width=32), st.floats(0, 500, width=32), st.floats(1, 3))
def test_crop_window_is_a_square_around_the_middle_of_the_box(
    x: float, y: float, width: float, height: float, context: float
) -> None:
    left, top, right, bottom = crop_window_xyxy(np.array([x, y, x + width, y + height], np.float32), context)
    assert right - left == bottom - top >= 8
    assert right - left == pytest.approx(max(8, max(width, height) * context), abs=0.51)
    assert (left + right) / 2 == pytest.approx(x + width / 2, abs=1.01)
    assert (top + bottom) / 2 == pytest.approx(y + height / 2, abs=1.01)


def test_cut_square_takes_the_window_when_it_lies_inside() -> None:
    rgb = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
    assert np.array_equal(cut_square(rgb, (5, 3, 15, 13)), rgb[3:13, 5:15])


def test_cut_square_repeats_the_border_when_the_window_reaches_outside() -> None:
    rgb = np.zeros((10, 10, 3), np.uint8)
    rgb[0, 0] = (1, 2, 3)
    square = cut_square(rgb, (-3, -2, 7, 8))
    assert square.shape == (10, 10, 3)
    assert (square[:3, :4] == (1, 2, 3)).all()


@pytest.mark.parametrize("window", [(30, 0, 40, 10), (-10, 0, 0, 10), (0, -20, 10, -10)])
def test_cut_square_refuses_when_the_window_lies_outside(window: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="outside"):
        cut_square(np.zeros((30, 30, 3), np.uint8), window)


def test_cut_square_is_a_copy() -> None:
    rgb = np.zeros((20, 20, 3), np.uint8)
    cut_square(rgb, (2, 2, 10, 10))[:] = 9
    assert not rgb.any()


@pytest.mark.parametrize(
    ("shape", "zoom", "side"), [((60, 60), 1.0, 60), ((60, 60), 0.5, 30), ((40, 60), 1.0, 60), ((40, 60), 0.5, 30)]
)
def test_centre_zoom_gives_the_central_square(shape: tuple[int, int], zoom: float, side: int) -> None:
    rgb = np.zeros((*shape, 3), np.uint8)
    rgb[shape[0] // 2, shape[1] // 2] = 255
    square = centre_zoom(rgb, zoom)
    assert square.shape == (side, side, 3)
    assert square[side // 2, side // 2, 0] == 255
