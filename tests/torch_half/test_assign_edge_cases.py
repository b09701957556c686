"""What holds for every strategy, whatever the boxes are."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from anchor_builders import truth, untrained_image
from hemascope.models.targets import FieldTarget
from hemascope.training.assignment import BACKGROUND, IGNORED, create_assigner
from hemascope.training.recipe import AtssAssignment, MaxIouAssignment, OtaAssignment, PaaAssignment

CHOICES = (
    MaxIouAssignment(strategy="max_iou"),
    AtssAssignment(strategy="atss"),
    PaaAssignment(strategy="paa"),
    OtaAssignment(strategy="ota"),
)
every_strategy = pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.strategy)
IMAGE = untrained_image()
ANCHORS = len(IMAGE.anchors_xyxy)


def assign(choice: object, target: FieldTarget) -> Tensor:
    assigned = create_assigner(choice)(IMAGE, target)  # type: ignore[arg-type]
    assert assigned.shape == (ANCHORS,)
    assert assigned.dtype == torch.long
    assert assigned.min() >= IGNORED
    assert assigned.max() < len(target.boxes_xyxy)
    return assigned


def crowd(count: int, seed: int = 0) -> FieldTarget:
    generator = torch.Generator().manual_seed(seed)
    centre, size = torch.rand(count, 2, generator=generator) * 96, torch.rand(count, 2, generator=generator) * 30 + 8
    boxes = torch.cat([centre - size / 2, centre + size / 2], dim=1)
    return FieldTarget(boxes, torch.randint(0, 2, (count,), generator=generator))


@every_strategy
def test_no_boxes_leave_every_anchor_to_the_background(choice: object) -> None:
    assert set(assign(choice, truth([])).tolist()) == {BACKGROUND}


@every_strategy
def test_clear_box_gets_anchors_and_leaves_far_ones_to_the_background(choice: object) -> None:
    assigned = assign(choice, truth([IMAGE.anchors_xyxy[50].tolist()]))
    assert (assigned == 0).any()
    assert assigned[0] == BACKGROUND
    assert assigned[143] == BACKGROUND


@every_strategy
def test_one_giant_box_gets_anchors(choice: object) -> None:
    assert (assign(choice, truth([[-20, -20, 120, 120]])) == 0).any()


@every_strategy
def test_of_identical_boxes_one_gets_the_anchors(choice: object) -> None:
    box = [20.3, 20.1, 55.2, 50.7]
    assigned = assign(choice, truth([box, box]))
    assert set(assigned[assigned >= 0].tolist()) == {0}


@every_strategy
@pytest.mark.parametrize(
    "box",
    [[300, 300, 330, 330], [-300, 10, -250, 60]],
    ids=["right below", "left"],
)
def test_box_wholly_outside_the_image_gets_nothing_and_takes_nothing(choice: object, box: list[float]) -> None:
    clear = IMAGE.anchors_xyxy[50].tolist()
    assigned = assign(choice, truth([box, clear]))
    assert not (assigned == 0).any()
    assert torch.equal(assigned == 1, assign(choice, truth([clear])) == 0)


@every_strategy
def test_tiny_box_between_anchor_centres_does_not_disturb_a_clear_one_far_away(choice: object) -> None:
    assigned = assign(choice, truth([[7.5, 7.5, 8.5, 8.5], IMAGE.anchors_xyxy[100].tolist()]))
    assert (assigned == 1).any()
    assert (assigned == 0).sum() <= 1


@every_strategy
@pytest.mark.parametrize(
    "box",
    [[30, 30, 30, 60], [30, 30, 60, 30], [44, 44, 44, 44], [60, 60, 30, 30], [60, 30, 30, 60]],
    ids=["no width", "no height", "a point", "turned over", "mirrored"],
)
def test_box_without_area_gets_nothing_and_takes_nothing(choice: object, box: list[float]) -> None:
    clear = IMAGE.anchors_xyxy[50].tolist()
    assigned = assign(choice, truth([clear, box]))
    assert torch.equal(assigned, assign(choice, truth([clear])))


@every_strategy
def test_predictions_without_area_are_no_fault(choice: object) -> None:
    flat = IMAGE.boxes_xyxy.clone()
    flat[:, 2:] = flat[:, :2]
    assigned = create_assigner(choice)(replace(IMAGE, boxes_xyxy=flat), truth([[20, 20, 50, 50]]))  # type: ignore[arg-type]
    assert set(assigned.tolist()) <= {0, BACKGROUND, IGNORED}


@every_strategy
def test_five_hundred_boxes_on_fewer_anchors_are_shared_out(choice: object) -> None:
    assert ANCHORS < 500
    assigned = assign(choice, crowd(500))
    assert len(assigned[assigned >= 0].unique()) > 30


@every_strategy
def test_order_of_the_boxes_changes_no_anchor(choice: object) -> None:
    target = crowd(6, seed=3)
    order = torch.tensor([4, 2, 0, 5, 1, 3])
    turned = FieldTarget(target.boxes_xyxy[order], target.class_ids[order])
    first, second = assign(choice, target), assign(choice, turned)
    assert torch.equal(first < 0, second < 0)
    assert torch.equal(first[first >= 0], order[second[second >= 0]])


@every_strategy
def test_anchor_between_two_boxes_goes_to_the_one_it_fits_better(choice: object) -> None:
    level = replace(IMAGE, class_logits=torch.full_like(IMAGE.class_logits, -4.5), boxes_xyxy=IMAGE.anchors_xyxy)
    left, right = IMAGE.anchors_xyxy[53], IMAGE.anchors_xyxy[56]  # 24 px apart and 32 wide: they overlap
    target = truth([left.tolist(), right.tolist()])
    assigned = create_assigner(choice)(level, target)  # type: ignore[arg-type]
    assert assigned[53] == 0
    assert assigned[56] == 1
