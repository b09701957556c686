import math

import pytest
import torch
from torch import Tensor

from hemascope.models.detectors.retinanet import DenseOutput
from hemascope.models.layers.anchors import encode_boxes
from hemascope.training.losses.detection import DetectionLoss, FieldTarget

# a row of four anchors in one level, a box exactly on the second
ANCHORS = torch.tensor([[x, 0.0, x + 20.0, 20.0] for x in (0.0, 20.0, 40.0, 60.0)])
LOSS = DetectionLoss(atss_candidates=4, box_weight=2.0, iou_weight=1.0)


def target(*boxes: list[float], class_id: int = 1) -> FieldTarget:
    return FieldTarget(torch.tensor(boxes).reshape(-1, 4), torch.full((len(boxes),), class_id))


def output(class_logits: Tensor, deltas: Tensor | None = None, iou_logits: Tensor | None = None) -> DenseOutput:
    batch = len(class_logits)
    return DenseOutput(
        class_logits.requires_grad_(),
        (torch.zeros(batch, 4, 4) if deltas is None else deltas).requires_grad_(),
        (torch.zeros(batch, 4) if iou_logits is None else iou_logits).requires_grad_(),
        ANCHORS,
        (4,),
    )


def test_fields_without_boxes_have_no_box_terms_and_a_finite_gradient() -> None:
    dense = output(torch.zeros(2, 4, 3))
    terms = LOSS(dense, [target(), target()])
    terms["total"].backward()  # type: ignore[no-untyped-call]
    assert (terms["box"].item(), terms["iou"].item()) == (0.0, 0.0)
    assert terms["class"].item() == pytest.approx(2 * 4 * 3 * 0.75 * 0.25 * math.log(2))
    assert dense.class_logits.grad is not None
    assert dense.class_logits.grad.isfinite().all()


def test_terms_of_a_field_in_which_nothing_is_known_agree_with_hand_values() -> None:
    terms = LOSS(output(torch.zeros(1, 4, 3)), [target([20.0, 0.0, 40.0, 20.0])])
    # one positive of 12 (anchor, class) pairs; focal loss at p = 1/2 is alpha_t * 1/4 * log 2
    assert terms["class"].item() == pytest.approx((0.25 + 11 * 0.75) * 0.25 * math.log(2))
    assert terms["box"].item() == pytest.approx(0.0, abs=1e-5)
    assert terms["iou"].item() == pytest.approx(math.log(2))
    weighted = terms["class"] + 2 * terms["box"] + terms["iou"]
    assert terms["total"].item() == pytest.approx(weighted.item())


def test_perfect_answer_costs_almost_nothing() -> None:
    truth = torch.tensor([[22.0, 1.0, 41.0, 19.0]])
    logits = torch.full((1, 4, 3), -20.0)
    logits[0, 1, 1] = 20.0
    deltas = torch.zeros(1, 4, 4)
    deltas[0, 1] = encode_boxes(truth, ANCHORS[1:2])[0]
    iou = torch.zeros(1, 4)
    iou[0, 1] = 20.0
    assert LOSS(output(logits, deltas, iou), [target(truth[0].tolist())])["total"].item() == pytest.approx(0, abs=1e-4)


def test_iou_branch_learns_the_overlap_but_does_not_move_the_box() -> None:
    dense = output(torch.zeros(1, 4, 3), torch.full((1, 4, 4), 0.1))
    LOSS(dense, [target([20.0, 0.0, 40.0, 20.0])])["iou"].backward()  # type: ignore[no-untyped-call]
    assert dense.deltas.grad is None or not dense.deltas.grad.any()
    assert dense.iou_logits.grad is not None
    assert dense.iou_logits.grad[0, 1] != 0
    assert not dense.iou_logits.grad[0, [0, 2, 3]].any()


def test_box_term_is_one_minus_giou() -> None:
    # the prediction is the anchor 20..40, the truth 20..45: IoU 0.8 and no gap, so GIoU is 0.8
    terms = LOSS(output(torch.zeros(1, 4, 3)), [target([20.0, 0.0, 45.0, 20.0])])
    assert terms["box"].item() == pytest.approx(0.2, abs=1e-5)


def test_sums_are_divided_by_the_positives_of_the_whole_batch() -> None:
    one = LOSS(output(torch.zeros(1, 4, 3)), [target([20.0, 0.0, 40.0, 20.0])])
    box = target([20.0, 0.0, 40.0, 20.0])
    two = LOSS(output(torch.zeros(2, 4, 3)), [box, box])
    for name in ("class", "box", "iou", "total"):
        assert two[name].item() == pytest.approx(one[name].item(), abs=1e-6)
