from collections.abc import Sequence

import numpy as np
import pytest

from hemascope.core.detections import Detections
from hemascope.core.suppression import select_detections

BOXES = [[0, 0, 10, 10], [1, 0, 11, 10], [40, 40, 60, 60]]  # the first two overlap by 0.82


def select(
    boxes: Sequence[Sequence[float]], scores: Sequence[Sequence[float]], *, classes: int = 2, **changes: float
) -> Detections:
    settings = {"nms_iou": 0.5, "max_candidates": 1000, "max_detections": 300} | changes
    return select_detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32).reshape(-1, classes),
        thresholds=np.array([0.5, 0.2], np.float32)[:classes],
        nms_iou=settings["nms_iou"],
        max_candidates=int(settings["max_candidates"]),
        max_detections=int(settings["max_detections"]),
    )


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([[0, 0], [0, 0], [0, 0]], []),
        ([[0.9, 0], [0.8, 0], [0.7, 0]], [(0, 0, 0.9), (2, 0, 0.7)]),
        ([[0.8, 0], [0.9, 0], [0, 0]], [(1, 0, 0.9)]),
        ([[0.9, 0], [0, 0.8], [0, 0]], [(0, 0, 0.9), (1, 1, 0.8)]),
        ([[0.9, 0.3], [0, 0], [0, 0]], [(0, 0, 0.9), (0, 1, 0.3)]),
        ([[0.5, 0.2], [0, 0], [0.49, 0.19]], [(0, 0, 0.5), (0, 1, 0.2)]),
    ],
    ids=["nothing seen", "weaker neighbour goes", "best first", "classes apart", "two classes of one", "thresholds"],
)
def test_selection_keeps_the_best_of_each_class(
    scores: list[list[float]], expected: list[tuple[int, int, float]]
) -> None:
    found = select(BOXES, scores)
    assert list(zip(found.class_ids.tolist(), found.scores.round(2).tolist(), strict=True)) == [
        (class_id, pytest.approx(score)) for _, class_id, score in expected
    ]
    assert found.boxes_xyxy.tolist() == [BOXES[i] for i, _, _ in expected]


def test_selection_of_no_anchor_is_empty() -> None:
    assert len(select([], [])) == 0


@pytest.mark.parametrize(
    "box", [[5, 5, 5, 9], [5, 5, 9, 5], [9, 5, 5, 9], [5, np.nan, 9, 9]], ids=["thin", "flat", "inverted", "nan"]
)
def test_selection_drops_a_box_that_holds_nothing(box: list[float]) -> None:
    found = select([box, [0, 0, 1, 1]], [[0.9, 0], [0.8, 0]])
    assert found.boxes_xyxy.tolist() == [[0, 0, 1, 1]]


def test_selection_drops_a_score_that_is_not_a_number() -> None:
    assert len(select([[0, 0, 1, 1]], [[np.nan, 0.1]])) == 0


def test_limits_hold_before_and_after_suppression() -> None:
    scores = [[0.9, 0], [0.8, 0], [0.7, 0]]
    assert select(BOXES, scores, max_candidates=2).scores.tolist() == pytest.approx([0.9])
    assert select(BOXES, scores, max_detections=1).scores.tolist() == pytest.approx([0.9])
    assert len(select(BOXES, scores, nms_iou=0.9)) == 3
