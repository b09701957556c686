import math
from collections.abc import Sequence

import numpy as np
import pytest

from builders import make_detections
from hemascope.core.detections import Detections
from hemascope.core.metrics.average_precision import (
    COCO_THRESHOLDS,
    ClassMatches,
    GroundTruth,
    match_boxes,
    match_class,
    mean_over_classes,
)

CELL = (0, 0, 10, 10)
SHIFTED = (2, 0, 12, 10)  # IoU 2/3 with CELL
AWAY = (50, 50, 60, 60)


def truth(*boxes: Sequence[float], class_id: int = 0) -> GroundTruth:
    return GroundTruth(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), class_id, np.int64))


def match(found: Detections, true: GroundTruth, class_id: int = 0, **settings: int) -> ClassMatches:
    return match_class([found], [true], class_id, **settings)


@pytest.mark.parametrize(
    ("boxes", "truths", "ap50", "ap75"),
    [
        ([CELL], [CELL], 1.0, 1.0),
        ([SHIFTED], [CELL], 1.0, 0.0),
        ([AWAY], [CELL], 0.0, 0.0),
        ([], [CELL], 0.0, 0.0),
        ([CELL, CELL], [CELL], 1.0, 1.0),
        ([AWAY, CELL], [CELL], 0.5, 0.5),
        ([CELL], [CELL, AWAY], 51 / 101, 51 / 101),
        ([SHIFTED, CELL], [CELL], 1.0, 0.5),
    ],
    ids=[
        "found", "loosely found", "beside", "nothing found", "found twice", "false alarm first", "one of two missed",
        "the better box comes second",
    ],
)  # fmt: skip
def test_average_precision_agrees_with_hand_values(
    boxes: list[Sequence[float]], truths: list[Sequence[float]], ap50: float, ap75: float
) -> None:
    matches = match(make_detections(boxes), truth(*truths))
    assert (matches.average_precision(0.5), matches.average_precision(0.75)) == pytest.approx((ap50, ap75))


def test_each_truth_is_taken_once_and_the_other_detection_takes_what_is_free() -> None:
    matches = match(make_detections([CELL, SHIFTED]), truth(CELL, (4, 0, 14, 10)))
    assert matches.is_true[COCO_THRESHOLDS.index(0.5)].tolist() == [True, True]
    assert matches.recall(0.5) == 1.0


def test_other_classes_are_neither_hits_nor_truths() -> None:
    found = make_detections([CELL, AWAY], class_ids=[1, 0])
    matches = match(found, truth(CELL, class_id=1), class_id=1)
    assert (matches.truths, len(matches.scores), matches.average_precision(0.5)) == (1, 1, 1.0)


def test_class_without_truth_has_no_average_precision_and_no_recall() -> None:
    matches = match(make_detections([CELL]), truth())
    assert math.isnan(matches.average_precision(0.5))
    assert math.isnan(matches.recall(0.5))
    assert matches.best_f1(0.5) == (0.0, 0.0, 0.0, 0.0)


def test_no_images_match_nothing() -> None:
    matches = match_class([], [], 0)
    assert (matches.truths, matches.is_true.shape) == (0, (10, 0))


def test_only_the_best_detections_of_an_image_count() -> None:
    found = make_detections([AWAY, CELL], scores=[0.9, 0.8])
    assert match(found, truth(CELL), max_detections=1).average_precision(0.5) == 0.0


def test_detections_of_all_images_are_ranked_together() -> None:
    found = [make_detections([AWAY], [0.9]), make_detections([CELL], [0.95])]
    matches = match_class(found, [truth(CELL), truth(CELL)], 0)
    assert matches.scores.tolist() == pytest.approx([0.95, 0.9])
    assert matches.is_true[0].tolist() == [True, False]


def test_images_and_truths_must_pair_up() -> None:
    with pytest.raises(ValueError, match="zip"):
        match_class([make_detections([CELL])], [], 0)


def test_best_f1_names_the_score_to_cut_at() -> None:
    found = make_detections([CELL, AWAY, (70, 70, 80, 80)], scores=[0.9, 0.6, 0.3])
    threshold, precision, recall, f1 = match(found, truth(CELL, AWAY)).best_f1(0.5)
    assert (threshold, precision, recall, f1) == pytest.approx((0.6, 1.0, 1.0, 1.0))


@pytest.mark.parametrize(("within", "score"), [(0.1, 0.6), (0.2, 0.3), (0.5, 0.2)], ids=["no", "one", "two false"])
def test_lowest_score_at_which_f1_is_nearly_the_best(within: float, score: float) -> None:
    found = make_detections([CELL, AWAY, (70, 70, 80, 80), (80, 70, 90, 80)], scores=[0.9, 0.6, 0.3, 0.2])
    threshold, precision, recall, f1 = match(found, truth(CELL, AWAY)).best_f1(0.5, within)
    assert threshold == pytest.approx(score)
    assert (recall, f1) == pytest.approx((1.0, 2 * precision / (precision + 1)))


@pytest.mark.parametrize(
    ("values", "expected"), [([0.2, 0.4], 0.3), ([0.2, math.nan], 0.2)], ids=["all known", "one without truth"]
)
def test_mean_over_classes_leaves_out_those_without_truth(values: list[float], expected: float) -> None:
    assert mean_over_classes(values) == pytest.approx(expected)


@pytest.mark.parametrize("values", [[], [math.nan]], ids=["no class", "no truth"])
def test_mean_over_classes_is_not_a_number_without_any_truth(values: list[float]) -> None:
    assert math.isnan(mean_over_classes(values))


def test_boxes_name_the_truth_that_each_takes() -> None:
    boxes = np.array([SHIFTED, CELL, AWAY], np.float32)
    truths = np.array([AWAY, CELL], np.float32)
    assert match_boxes(boxes, truths, (0.5, 0.75)).tolist() == [[1, -1, 0], [-1, 1, 0]]


@pytest.mark.parametrize(("boxes", "truths"), [(0, 2), (2, 0), (0, 0)])
def test_boxes_or_truths_that_are_missing_match_nothing(boxes: int, truths: int) -> None:
    taken = match_boxes(np.ones((boxes, 4), np.float32), np.ones((truths, 4), np.float32), (0.5,))
    assert taken.tolist() == [[-1] * boxes]
