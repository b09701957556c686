import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.imaging.resize import PAD_VALUE, Letterbox, resize_rgb

sides = st.integers(1, 5000)


@given(sides, sides, st.sampled_from([64, 512, 640, 1000]), st.sampled_from([1, 32]), st.data())
def test_letterbox_brings_boxes_back_exactly(
    width: int, height: int, longest_side: int, stride: int, data: st.DataObject
) -> None:
    letterbox = Letterbox.plan(width, height, longest_side, stride)
    x = sorted(data.draw(st.floats(0, width)) for _ in range(2))
    y = sorted(data.draw(st.floats(0, height)) for _ in range(2))
    box = np.array([[x[0], y[0], x[1], y[1]]], np.float32)
    returned = letterbox.boxes_to_image(letterbox.boxes_to_input(box))
    assert np.abs(returned - box).max() <= 1e-3


@given(sides, sides, st.sampled_from([64, 640]), st.sampled_from([8, 32]))
def test_letterbox_fits_the_image_into_whole_strides(width: int, height: int, longest_side: int, stride: int) -> None:
    letterbox = Letterbox.plan(width, height, longest_side, stride)
    assert max(letterbox.resized_width, letterbox.resized_height) == longest_side
    for padded, resized in [
        (letterbox.padded_width, letterbox.resized_width),
        (letterbox.padded_height, letterbox.resized_height),
    ]:
        assert padded % stride == 0
        assert 0 <= padded - resized < stride


def test_letterbox_puts_the_image_top_left_and_grey_around_it() -> None:
    image = np.full((50, 100, 3), 200, np.uint8)
    out = Letterbox.plan(100, 50, 200, 64).apply(image)
    assert out.shape == (128, 256, 3)
    assert (out[:100, :200] == 200).all()
    assert (out[100:] == PAD_VALUE).all()
    assert (out[:, 200:] == PAD_VALUE).all()


def test_letterbox_puts_a_marked_square_where_the_boxes_say() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    image[60:120, 100:200] = 255
    letterbox = Letterbox.plan(400, 300, 640, 32)
    x1, y1, x2, y2 = letterbox.boxes_to_input(np.array([[100, 60, 200, 120]], np.float32))[0]
    ys, xs = np.nonzero(letterbox.apply(image)[..., 0] > 127)
    assert np.abs(np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]) - [x1, y1, x2, y2]).max() <= 0.5


def test_letterbox_cuts_boxes_at_the_image_when_they_reach_into_the_padding() -> None:
    letterbox = Letterbox.plan(100, 50, 100, 64)
    boxes = letterbox.boxes_to_image(np.array([[90, 40, 120, 60], [0, 55, 20, 60]], np.float32))
    assert boxes.tolist() == [[90, 40, 100, 50], [0, 50, 20, 50]]


@pytest.mark.parametrize(("width", "height"), [(10, 10), (3, 7), (200, 100)])
def test_resize_gives_the_size_asked_for(width: int, height: int) -> None:
    assert resize_rgb(np.zeros((50, 80, 3), np.uint8), width, height).shape == (height, width, 3)


def test_resize_averages_when_it_shrinks(rng: np.random.Generator) -> None:
    noise = rng.integers(0, 255, (256, 256, 3), np.uint8)
    assert resize_rgb(noise, 16, 16).std() < noise.std() / 8
