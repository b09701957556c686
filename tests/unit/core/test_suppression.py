import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import make_detections
from hemascope.core.detections import Detections
from hemascope.core.suppression import (
    BoxVoting,
    Decay,
    GaussianDecay,
    LinearDecay,
    select_detections,
    soft_suppress,
    suppress,
)

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


FACTORS: dict[str, tuple[Decay, Callable[[float], float]]] = {
    "gaussian": (GaussianDecay(0.5), lambda iou: math.exp(-iou * iou / 0.5)),
    "narrow gaussian": (GaussianDecay(0.1), lambda iou: math.exp(-iou * iou / 0.1)),
    "linear": (LinearDecay(0.3), lambda iou: 1 - iou if iou >= 0.3 else 1.0),
}


def plain_iou(a: Sequence[float], b: Sequence[float]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
    return common / union


def plain_soft_nms(
    found: Detections, factor: Callable[[float], float], thresholds: Sequence[float]
) -> list[tuple[int, float]]:
    """Figure 2 of Bodla et al. 2017 word for word, class by class: index and decayed score, best first."""
    kept = []
    for class_id, threshold in enumerate(thresholds):
        waiting = {i: float(s) for i, s in enumerate(found.scores) if found.class_ids[i] == class_id}
        while waiting:
            best = max(waiting, key=lambda i: (waiting[i], -i))
            score = waiting.pop(best)
            if score < threshold:
                break
            kept.append((best, score))
            for other in waiting:
                waiting[other] *= factor(plain_iou(found.boxes_xyxy[best], found.boxes_xyxy[other]))
    return sorted(kept, key=lambda pair: -pair[1])


@pytest.mark.parametrize("name", FACTORS)
@given(
    cells=st.lists(
        st.tuples(
            *[st.integers(0, 20)] * 2,
            *[st.integers(3, 20)] * 2,
            st.integers(1, 1000).map(lambda thousandths: thousandths / 1000),
            st.integers(0, 1),
        ),
        max_size=12,
        unique_by=lambda cell: cell[4],
    )
)
def test_soft_suppression_is_that_of_the_paper(name: str, cells: list[tuple[int, int, int, int, float, int]]) -> None:
    found = make_detections(
        [(x, y, x + w, y + h) for x, y, w, h, _, _ in cells], [c[4] for c in cells], [c[5] for c in cells]
    )
    decay, factor = FACTORS[name]
    thresholds = [0.0, 0.2]
    soft = soft_suppress(found, decay, np.array(thresholds, np.float32), 300)
    expected = plain_soft_nms(found, factor, thresholds)
    borderline = any(abs(score - 0.2) < 1e-5 for _, score in expected)  # rounding decides
    if not borderline:
        assert soft.scores.tolist() == pytest.approx([score for _, score in expected], abs=1e-5)
        by_box = sorted((*box, c, round(float(s), 3)) for box, c, s in zip(
            soft.boxes_xyxy.tolist(), soft.class_ids.tolist(), soft.scores, strict=True))  # fmt: skip
        wanted = sorted(
            (*found.boxes_xyxy[i].tolist(), int(found.class_ids[i]), round(score, 3)) for i, score in expected
        )
        assert [row[:5] for row in by_box] == [row[:5] for row in wanted]


def test_soft_suppression_keeps_a_covered_cell_that_hard_suppression_drops() -> None:
    found = make_detections([BOXES[0], BOXES[1]], scores=[0.9, 0.8])
    assert len(suppress(found, 0.5, 300)) == 1
    soft = soft_suppress(found, LinearDecay(), np.array([0.1], np.float32), 300)
    assert soft.scores.tolist() == pytest.approx([0.9, 0.8 * (1 - 9 / 11)])


def test_soft_suppression_takes_a_box_whose_score_fell_after_a_farther_one() -> None:
    found = make_detections([BOXES[0], BOXES[1], BOXES[2]], scores=[0.9, 0.8, 0.3])
    soft = soft_suppress(found, LinearDecay(), np.array([0.0], np.float32), 300)
    assert soft.boxes_xyxy.tolist() == [BOXES[0], BOXES[2], BOXES[1]]


def test_soft_suppression_never_takes_a_box_twice_even_where_scores_fall_to_nothing() -> None:
    found = make_detections([BOXES[0]] * 4, scores=[0.9, 0.9, 0.5, 0.0])
    soft = soft_suppress(found, LinearDecay(), np.array([0.0], np.float32), 300)
    assert soft.scores.tolist() == pytest.approx([0.9, 0, 0, 0])


def test_soft_suppression_leaves_its_input_alone_and_obeys_the_limit() -> None:
    found = make_detections(BOXES, scores=[0.9, 0.8, 0.7])
    soft = soft_suppress(found, GaussianDecay(), np.array([0.0], np.float32), 1)
    assert soft.scores.tolist() == pytest.approx([0.9])
    assert found.scores.tolist() == pytest.approx([0.9, 0.8, 0.7])
    assert len(soft_suppress(Detections.empty(), GaussianDecay(), np.zeros(1, np.float32), 9)) == 0


def test_hard_suppression_of_candidates_is_that_of_the_network_outputs() -> None:
    found = make_detections(BOXES, scores=[0.9, 0.8, 0.7])
    expected = select(BOXES, [[0.9], [0.8], [0.7]], classes=1)
    np.testing.assert_array_equal(suppress(found, 0.5, 300).boxes_xyxy, expected.boxes_xyxy)
    assert len(suppress(found, 0.5, 1)) == 1


CROWD = make_detections(
    [[0, 0, 10, 10], [0, 0, 12, 10], [0, 0, 10, 30], [40, 40, 60, 60]], [0.8, 0.4, 0.8, 0.6], [0, 0, 0, 0]
)


@pytest.mark.parametrize(
    ("voting", "right_edge"),
    [
        (BoxVoting(0.5, 1.0), (0.8 * 10 + 0.4 * 12) / 1.2),
        (BoxVoting(0.5, 0.0), 11.0),  # every voter counts alike
        (BoxVoting(0.5, 50.0), 10.0),  # the best one decides
        (BoxVoting(0.9, 1.0), 10.0),  # nobody overlaps by that much
        (BoxVoting(0.0, 1.0), (0.8 * 10 + 0.4 * 12 + 0.8 * 10 + 0.6 * 60) / 2.6),
    ],
    ids=["by score", "all alike", "winner", "alone", "everybody"],
)
def test_voting_moves_a_kept_box_to_the_mean_of_its_voters(voting: BoxVoting, right_edge: float) -> None:
    moved = voting(CROWD.select(np.array([0])), CROWD)
    assert moved.boxes_xyxy[0, 2] == pytest.approx(right_edge, rel=1e-5)
    assert moved.scores.tolist() == CROWD.scores[:1].tolist()


def test_voting_leaves_cells_of_other_classes_out() -> None:
    candidates = make_detections([[0, 0, 10, 10], [0, 0, 12, 10]], [0.8, 0.8], [0, 1])
    assert BoxVoting()(candidates, candidates).boxes_xyxy.tolist() == candidates.boxes_xyxy.tolist()


def test_voting_of_no_box_and_of_a_box_without_score_changes_nothing() -> None:
    nothing = make_detections([], [], [])
    assert len(BoxVoting()(nothing, nothing)) == 0
    doubtful = make_detections([[0, 0, 10, 10]], [0.0], [0])
    assert BoxVoting()(doubtful, doubtful).boxes_xyxy.tolist() == [[0, 0, 10, 10]]


@pytest.mark.parametrize(("min_iou", "power"), [(-0.1, 1.0), (1.1, 1.0), (0.5, -1.0)])
def test_voting_refuses_settings_without_meaning(min_iou: float, power: float) -> None:
    with pytest.raises(ValueError, match="expected min_iou in"):
        BoxVoting(min_iou, power)


def test_selection_lets_dropped_candidates_vote() -> None:
    thresholds, scores = np.array([0.5], np.float32), np.array([[0.9], [0.9], [0.9]], np.float32)
    found = select_detections(
        np.array(BOXES, np.float32),
        scores,
        thresholds=thresholds,
        nms_iou=0.5,
        max_candidates=10,
        max_detections=10,
        box_voting=BoxVoting(0.5, 1.0),
    )
    assert found.boxes_xyxy.tolist() == [[0.5, 0, 10.5, 10], BOXES[2]]
