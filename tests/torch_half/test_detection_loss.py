import math
from dataclasses import replace
from typing import Literal

import pytest
import torch
from torch import Tensor

from hemascope.models.detectors.retinanet import DenseOutput
from hemascope.models.layers.anchors import encode_boxes
from hemascope.models.targets import FieldTarget
from hemascope.training.assignment import BACKGROUND, IGNORED, Assigner, ImageCandidates, create_assigner
from hemascope.training.losses.detection import DetectionLoss
from hemascope.training.recipe import AtssAssignment, MaxIouAssignment

# a row of four anchors in one level, a box exactly on the second
ANCHORS = torch.tensor([[x, 0.0, x + 20.0, 20.0] for x in (0.0, 20.0, 40.0, 60.0)])
ATSS = create_assigner(AtssAssignment(strategy="atss", candidates=4))
LOSS = DetectionLoss(ATSS, "giou", box_weight=2.0, iou_weight=1.0)


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
    dense = output(torch.zeros(1, 4, 3), torch.full((1, 4, 4), 0.1), torch.ones(1, 4))
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


def fixed(*indices: int) -> Assigner:
    """An assigner that always says this about the four anchors."""

    def assign(image: ImageCandidates, truth: FieldTarget) -> Tensor:
        return torch.tensor(indices)

    return assign


def test_ignored_anchors_add_nothing_to_the_class_loss_and_get_no_gradient() -> None:
    dense = output(torch.tensor([[[0.0], [5.0], [0.0], [0.0]]]))
    loss = DetectionLoss(fixed(0, IGNORED, BACKGROUND, IGNORED), "giou", 2.0, 1.0)
    terms = loss(dense, [target([0.0, 0.0, 20.0, 20.0], class_id=0)])
    assert terms["class"].item() == pytest.approx((0.25 + 0.75) * 0.25 * math.log(2))
    terms["class"].backward()  # type: ignore[no-untyped-call]
    assert dense.class_logits.grad is not None
    assert (dense.class_logits.grad[0, :, 0] != 0).tolist() == [True, False, True, False]


def test_smooth_l1_on_deltas_agrees_with_hand_values() -> None:
    # anchor 20..40 x 0..20 and truth 22..42 x 0..20: dx = 0.1, below the turning point 1/9, so 0.5 * 0.1^2 * 9
    loss = DetectionLoss(fixed(-1, 0, -1, -1), "smooth_l1", 1.0, 1.0)
    near = loss(output(torch.zeros(1, 4, 3)), [target([22.0, 0.0, 42.0, 20.0])])
    assert near["box"].item() == pytest.approx(0.045, abs=1e-5)
    far = loss(output(torch.zeros(1, 4, 3)), [target([40.0, 0.0, 60.0, 20.0])])
    assert far["box"].item() == pytest.approx(1 - 0.5 / 9, abs=1e-5)


@pytest.mark.parametrize("box", ["giou", "smooth_l1"])
def test_batch_of_ignored_anchors_only_has_a_finite_gradient(box: Literal["giou", "smooth_l1"]) -> None:
    dense = output(torch.zeros(1, 4, 3))
    loss = DetectionLoss(fixed(IGNORED, IGNORED, IGNORED, IGNORED), box, 2.0, 1.0)
    total = loss(dense, [target([20.0, 0.0, 40.0, 20.0])])["total"]
    total.backward()  # type: ignore[no-untyped-call]
    assert total.item() == 0
    for tensor in (dense.class_logits, dense.deltas, dense.iou_logits):
        assert tensor is not None
        assert tensor.grad is not None
        assert not tensor.grad.any()


def test_network_without_iou_branch_has_no_iou_term() -> None:
    with_branch = output(torch.zeros(1, 4, 3))
    truth = [target([20.0, 0.0, 45.0, 20.0])]
    terms, bare = LOSS(with_branch, truth), LOSS(replace(with_branch, iou_logits=None), truth)
    assert "iou" not in bare
    assert bare["total"].item() == pytest.approx((terms["total"] - terms["iou"]).item())


def test_half_precision_outputs_are_computed_in_float32() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, deltas = torch.randn(1, 4, 3, generator=generator), torch.randn(1, 4, 4, generator=generator) / 5
    exact = output(logits.bfloat16().float(), deltas.bfloat16().float())
    half = output(logits.bfloat16(), deltas.bfloat16(), torch.zeros(1, 4, dtype=torch.bfloat16))
    truth = [target([20.0, 0.0, 45.0, 20.0])]
    a, b = LOSS(exact, truth), LOSS(half, truth)
    assert {value.dtype for value in b.values()} == {torch.float32}
    assert {name: value.item() for name, value in a.items()} == {name: value.item() for name, value in b.items()}


def test_each_field_learns_its_own_boxes_and_classes() -> None:
    assigner = create_assigner(MaxIouAssignment(strategy="max_iou"))
    loss = DetectionLoss(assigner, "giou", 2.0, 1.0)
    logits = torch.full((3, 4, 3), -20.0)
    logits[0, 1, 2] = logits[2, 3, 1] = logits[2, 0, 1] = 20.0
    fields = [target([20.0, 0.0, 40.0, 20.0], class_id=2), target()]
    fields += [target([60.0, 0.0, 80.0, 20.0], [0.0, 0.0, 20.0, 20.0], class_id=1)]
    terms = loss(output(logits), fields)
    assert terms["class"].item() == pytest.approx(0, abs=1e-5)
    assert terms["box"].item() == pytest.approx(0, abs=1e-5)
