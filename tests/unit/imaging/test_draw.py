import numpy as np
import pytest

from builders import make_detections
from hemascope.core.detections import Detections
from hemascope.imaging.draw import draw_detections

NAMES, COLOURS = ("wbc", "rbc"), ("#ff0000", "#00ff00")


def test_draw_detections_outlines_each_box_in_the_colour_of_its_class() -> None:
    field = np.full((200, 300, 3), 230, np.uint8)
    drawn = draw_detections(
        field, make_detections([[50, 60, 120, 140], [180, 60, 250, 140]], class_ids=[0, 1]), NAMES, COLOURS
    )
    assert drawn[100, 50].tolist() == [255, 0, 0]
    assert drawn[139, 90].tolist() == [255, 0, 0]
    assert drawn[100, 180].tolist() == [0, 255, 0]
    assert drawn[100, 90].tolist() == [230, 230, 230]
    assert (field == 230).all()


@pytest.mark.parametrize(
    "box", [[0, 0, 300, 200], [0, 0, 5, 5], [295, 195, 300, 200], [10, 10, 10, 10], [280, 0, 300, 10]]
)
def test_draw_detections_stays_inside_the_picture_when_a_box_touches_its_border(box: list[float]) -> None:
    field = np.full((200, 300, 3), 230, np.uint8)
    drawn = draw_detections(field, make_detections([box]), NAMES, COLOURS)
    assert drawn.shape == field.shape
    assert (drawn == (255, 0, 0)).all(axis=2).any()


def test_draw_detections_changes_nothing_when_there_are_none(rng: np.random.Generator) -> None:
    field = rng.integers(0, 255, (50, 60, 3), np.uint8)
    assert np.array_equal(draw_detections(field, Detections.empty(), NAMES, COLOURS), field)
