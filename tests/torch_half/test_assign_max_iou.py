import torch

from anchor_builders import row_image, truth
from hemascope.training.assignment import BACKGROUND, IGNORED
from hemascope.training.assignment.max_iou import assign_max_iou

IMAGE = row_image([[0.0, 0, 1, 1]] * 4, [0.0] * 4)  # what the network predicts must not matter


def assign(*boxes: list[float]) -> list[int]:
    assigned: list[int] = assign_max_iou(IMAGE, truth(boxes), positive_iou=0.5, negative_iou=0.4).tolist()
    return assigned


def test_thresholds_part_positive_ignored_and_background_by_hand() -> None:
    # anchors 0..20, 20..40, 40..60: IoU 20/50 = 0.4, 20/50 = 0.4 and 10/60; the first is also kept as the best
    assert assign([0, 0, 50, 20]) == [0, IGNORED, BACKGROUND, BACKGROUND]
    # a box 0..38 overlaps the anchors by 20/38 = 0.526 and 18/40 = 0.45
    assert assign([0, 0, 38, 20]) == [0, IGNORED, BACKGROUND, BACKGROUND]
    # 0..40 overlaps both by exactly the positive threshold
    assert assign([0, 0, 40, 20]) == [0, 0, BACKGROUND, BACKGROUND]


def test_box_below_both_thresholds_keeps_its_best_anchor() -> None:
    assert assign([22, 2, 26, 6]) == [BACKGROUND, 0, BACKGROUND, BACKGROUND]


def test_best_anchor_of_a_box_is_kept_from_a_box_that_overlaps_it_more_but_has_a_better_one() -> None:
    # anchor 1 is 40..60's neighbour: box 0 (20..60) overlaps anchors 1 and 2 by 0.5; box 1 lies in anchor 2 only
    assert assign([20, 0, 60, 20], [45, 5, 50, 10]) == [BACKGROUND, 0, 1, BACKGROUND]


def test_of_two_boxes_with_the_same_best_anchor_the_larger_overlap_gets_it() -> None:
    assert assign([22, 2, 26, 6], [20, 0, 40, 18]) == [BACKGROUND, 1, BACKGROUND, BACKGROUND]


def test_thresholds_are_those_of_the_recipe() -> None:
    assigned = assign_max_iou(IMAGE, truth([[0, 0, 50, 20]]), positive_iou=0.39, negative_iou=0.1)
    assert torch.equal(assigned, torch.tensor([0, 0, IGNORED, BACKGROUND]))
