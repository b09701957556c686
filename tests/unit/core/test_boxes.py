import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hemascope.core.boxes import (
    FloatArray,
    IntArray,
    area_xyxy,
    clip_xyxy,
    cxcywh_to_xyxy,
    iou_xyxy,
    nms_xyxy,
    xyxy_to_cxcywh,
    xyxy_to_xywh,
)


@st.composite
def boxes_xyxy(draw: st.DrawFn, max_count: int = 30) -> FloatArray:
    """Whole and quarter pixels, so that touching and equal boxes are common; empty boxes too."""
    count = draw(st.integers(0, max_count))
    quarter = st.integers(0, 400).map(lambda v: v / 4)
    corner = draw(hnp.arrays(np.float32, (count, 2), elements=quarter))
    size = draw(hnp.arrays(np.float32, (count, 2), elements=quarter))
    return np.concatenate([corner, corner + size], axis=1)


def naive_nms(boxes: FloatArray, scores: FloatArray, class_ids: IntArray, iou_threshold: float) -> list[int]:
    iou = iou_xyxy(boxes, boxes)
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        if all(iou[i, k] <= iou_threshold for k in kept if class_ids[k] == class_ids[i]):
            kept.append(i)
    return kept


@given(boxes_xyxy())
def test_cxcywh_returns_to_xyxy_unchanged(boxes: FloatArray) -> None:
    np.testing.assert_allclose(cxcywh_to_xyxy(xyxy_to_cxcywh(boxes)), boxes, atol=1e-4)


@pytest.mark.parametrize(
    ("xyxy", "cxcywh", "xywh", "area"),
    [
        ([0, 0, 10, 20], [5, 10, 10, 20], [0, 0, 10, 20], 200),
        ([3, 4, 3, 9], [3, 6.5, 0, 5], [3, 4, 0, 5], 0),
        ([-2, -2, 2, 2], [0, 0, 4, 4], [-2, -2, 4, 4], 16),
    ],
)
def test_box_formats_agree_on_known_boxes(
    xyxy: list[float], cxcywh: list[float], xywh: list[float], area: float
) -> None:
    box = np.array([xyxy], np.float32)
    assert xyxy_to_cxcywh(box).tolist() == [cxcywh]
    assert xyxy_to_xywh(box).tolist() == [xywh]
    assert area_xyxy(box).tolist() == [area]


def test_area_is_zero_when_a_box_is_inverted() -> None:
    assert area_xyxy(np.array([[5, 5, 1, 9]], np.float32)).tolist() == [0]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([0, 0, 10, 10], [0, 0, 10, 10], 1.0),
        ([0, 0, 10, 10], [10, 0, 20, 10], 0.0),  # touching is not overlapping
        ([0, 0, 10, 10], [5, 0, 15, 10], 1 / 3),
        ([0, 0, 10, 10], [2, 2, 4, 4], 0.04),
        ([0, 0, 0, 0], [0, 0, 0, 0], 0.0),
    ],
)
def test_iou_is_right_on_known_pairs(a: list[float], b: list[float], expected: float) -> None:
    assert iou_xyxy(np.array([a], np.float32), np.array([b], np.float32))[0, 0] == pytest.approx(expected)


@given(boxes_xyxy(), boxes_xyxy())
def test_iou_is_symmetric_and_within_0_and_1(a: FloatArray, b: FloatArray) -> None:
    iou = iou_xyxy(a, b)
    assert iou.shape == (len(a), len(b))
    assert np.array_equal(iou, iou_xyxy(b, a).T)
    assert ((iou >= 0) & (iou <= 1)).all()


@given(boxes_xyxy())
def test_iou_is_one_only_with_itself_when_a_box_has_area(boxes: FloatArray) -> None:
    assert np.array_equal(np.diag(iou_xyxy(boxes, boxes)) == 1, area_xyxy(boxes) > 0)


@given(boxes_xyxy())
def test_clip_keeps_boxes_inside_the_image_and_leaves_inner_ones_alone(boxes: FloatArray) -> None:
    clipped = clip_xyxy(boxes, 60, 50)
    assert (clipped >= 0).all()
    assert (clipped <= [60, 50, 60, 50]).all()
    inside = (boxes <= [60, 50, 60, 50]).all(axis=1)
    assert np.array_equal(clipped[inside], boxes[inside])


@given(boxes_xyxy(max_count=60), st.data(), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_nms_equals_the_naive_reference(boxes: FloatArray, data: st.DataObject, iou_threshold: float) -> None:
    n = len(boxes)
    scores = data.draw(hnp.arrays(np.float32, n, elements=st.integers(0, 8).map(lambda v: v / 8)))
    class_ids = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, 2)))
    assert nms_xyxy(boxes, scores, class_ids, iou_threshold).tolist() == naive_nms(
        boxes, scores, class_ids, iou_threshold
    )


def test_nms_equals_the_naive_reference_when_there_are_many_blocks_of_boxes(rng: np.random.Generator) -> None:
    corner = rng.uniform(0, 300, (900, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 60, (900, 2))], axis=1).astype(np.float32)
    scores, class_ids = rng.random(900).astype(np.float32), rng.integers(0, 3, 900)
    assert nms_xyxy(boxes, scores, class_ids, 0.4).tolist() == naive_nms(boxes, scores, class_ids, 0.4)


def test_nms_keeps_nothing_when_there_are_no_boxes() -> None:
    assert nms_xyxy(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64), 0.5).shape == (0,)
