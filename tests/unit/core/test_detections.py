from typing import Any

import numpy as np
import pytest

from builders import make_detections
from hemascope.core.detections import Detections


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"boxes_xyxy": [[0, 0, 5, 5]]}, "must be"),
        ({"class_ids": [0]}, "must be"),
        ({"scores": [0.5, 1.5]}, "0..1"),
        ({"scores": [-0.1, 0.5]}, "0..1"),
        ({"scores": [0.5, float("nan")]}, "0..1"),
        ({"boxes_xyxy": [[0, 0, 5, 5], [9, 0, 5, 5]]}, "x2 >= x1"),
        ({"boxes_xyxy": [[0, 0, 5, 5], [0, 9, 5, 5]]}, "y2 >= y1"),
        ({"boxes_xyxy": [[0, 0, 5, 5], [0, 0, float("nan"), 5]]}, "x2 >= x1"),
    ],
)
def test_detections_refuse_when_their_parts_do_not_fit(changes: dict[str, Any], message: str) -> None:
    parts = {"boxes_xyxy": [[0, 0, 5, 5], [5, 5, 9, 9]], "scores": [0.9, 0.5], "class_ids": [0, 1]} | changes
    with pytest.raises(ValueError, match=message):
        Detections(
            np.array(parts["boxes_xyxy"], np.float32),
            np.array(parts["scores"], np.float32),
            np.array(parts["class_ids"], np.int64),
        )


def test_empty_detections_have_no_rows() -> None:
    assert len(Detections.empty()) == 0
    assert Detections.empty().boxes_xyxy.shape == (0, 4)


def test_select_takes_rows_by_mask_and_by_index() -> None:
    found = make_detections([[0, 0, 1, 1], [0, 0, 2, 2], [0, 0, 3, 3]], class_ids=[0, 1, 2])
    assert found.select(np.array([True, False, True])).class_ids.tolist() == [0, 2]
    assert found.select(np.array([2, 0])).class_ids.tolist() == [2, 0]
    assert len(found.select(np.zeros(0, np.int64))) == 0


def test_concatenate_keeps_all_rows_in_order() -> None:
    one, two = make_detections(class_ids=[0, 1]), make_detections([[1, 1, 2, 2]], class_ids=[2])
    joined = Detections.concatenate([one, Detections.empty(), two])
    assert joined.class_ids.tolist() == [0, 1, 2]
    assert joined.boxes_xyxy.dtype == np.float32


def test_concatenate_is_empty_when_there_are_no_parts() -> None:
    assert len(Detections.concatenate([])) == 0
