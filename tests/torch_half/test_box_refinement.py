from unittest.mock import Mock

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hemascope.models import create_model
from hemascope.models.detectors.retinanet import DenseOutput, RetinaNet
from hemascope.models.layers.anchors import encode_boxes
from hemascope.models.layers.box_refinement import BoxRefinement, SecondLook
from hemascope.models.targets import FieldTarget
from hemascope.training.assignment import create_assigner
from hemascope.training.losses.detection import DetectionLoss
from hemascope.training.recipe import MaxIouAssignment

STRIDE = 8
ANCHORS = torch.tensor([[0.0, 0.0, 20.0, 20.0], [20.0, 0.0, 40.0, 20.0]])


def refinement() -> BoxRefinement:
    torch.manual_seed(0)
    layer = BoxRefinement(8, hidden=6)
    torch.nn.init.normal_(layer.head.weight)
    return layer


def sample_slowly(feature: Tensor, x: float, y: float) -> Tensor:
    """Bilinear value `(C,)` at a place in network pixels; the centre of cell (0, 0) lies half a stride in, and beyond
    the map is nothing."""
    column, row = x / STRIDE - 0.5, y / STRIDE - 0.5
    total = torch.zeros(len(feature))
    for r in (int(np.floor(row)), int(np.floor(row)) + 1):
        for c in (int(np.floor(column)), int(np.floor(column)) + 1):
            if 0 <= r < feature.shape[1] and 0 <= c < feature.shape[2]:
                total += (1 - abs(row - r)) * (1 - abs(column - c)) * feature[:, r, c]
    return total


@pytest.mark.parametrize(
    "box",
    [[10.0, 12.0, 42.0, 30.0], [0.0, 0.0, 64.0, 48.0], [-30.0, -8.0, 20.0, 24.0], [40.0, 40.0, 90.0, 90.0]],
    ids=["inside", "whole field", "beyond the corner", "beyond the end"],
)
def test_box_is_seen_in_parts_that_reach_just_beyond_its_edges(box: list[float]) -> None:
    layer, features = refinement(), torch.randn(2, 8, 6, 8)
    with torch.no_grad():
        deltas, quality = layer(features, STRIDE, torch.tensor([box]), torch.tensor([1]))
        places = [-0.1 + 1.2 * (i + 0.5) / 14 for i in range(14)]  # two in each seventh of the box with its margin
        samples = [
            sample_slowly(features[1], box[0] + u * (box[2] - box[0]), box[1] + v * (box[3] - box[1]))
            for v in places
            for u in places
        ]
        parts = torch.nn.functional.avg_pool2d(torch.stack(samples, dim=1).unflatten(1, (14, 14)), 2)
        seen = torch.relu(layer.look_again(torch.relu(layer.look(parts.flatten()))))
        expected = layer.head(seen)
    torch.testing.assert_close(deltas[0], expected[:4] / 10, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(quality[0], expected[4], rtol=1e-4, atol=1e-4)


def test_new_refinement_leaves_every_box_as_it_is() -> None:
    deltas, quality = BoxRefinement(8, hidden=6)(
        torch.randn(2, 8, 4, 4), STRIDE, torch.rand(7, 4) * 10, torch.arange(7) % 2
    )
    assert (deltas.shape, quality.shape) == ((7, 4), (7,))
    assert not deltas.any()
    assert not quality.any()


def test_no_box_and_a_wild_box_give_finite_answers() -> None:
    layer, feature = refinement(), torch.randn(1, 8, 4, 4)
    assert layer(feature, STRIDE, torch.zeros(0, 4), torch.zeros(0))[0].shape == (0, 4)
    wild = layer(feature, STRIDE, torch.tensor([[-1e6, -1e6, 1e6, 1e6]]), torch.zeros(1))
    assert wild[0].isfinite().all()


class Shift(nn.Module):
    """A refinement that is known: it moves a box by a learned part of its width and adds 1 to its IoU logit."""

    def __init__(self, part: float) -> None:
        super().__init__()
        self.part = nn.Parameter(torch.tensor(part))

    def forward(self, _feature: Tensor, _stride: int, boxes: Tensor, _image: Tensor) -> tuple[Tensor, Tensor]:
        deltas = torch.zeros(len(boxes), 4)
        deltas[:, 0] += self.part
        return deltas, torch.ones(len(boxes))


def look(*shifts: Shift) -> SecondLook:
    return SecondLook(shifts, torch.zeros(1, 8, 4, 4), STRIDE)


def test_each_stage_starts_from_the_boxes_before_it_without_their_gradient() -> None:
    first, second = Shift(0.1), Shift(-0.5)
    stages, gain = look(first, second)(ANCHORS, torch.zeros(2))
    torch.testing.assert_close(stages[0], ANCHORS + torch.tensor([2.0, 0.0, 2.0, 0.0]))
    torch.testing.assert_close(stages[1], ANCHORS + torch.tensor([-8.0, 0.0, -8.0, 0.0]))
    assert gain.tolist() == [2, 2]
    gradients = torch.autograd.grad(stages[1].sum(), [first.part, second.part], allow_unused=True)
    assert gradients[0] is None
    assert gradients[1] is not None


def test_loss_asks_every_stage_for_the_box_and_the_iou_of_the_last() -> None:
    def total(first_x: float, refined_x: float) -> dict[str, float]:
        boxes = ANCHORS + torch.tensor([first_x, 0.0, first_x, 0.0])
        dense = DenseOutput(
            torch.zeros(1, 2, 1),
            encode_boxes(boxes, ANCHORS)[None],
            torch.full((1, 2), 20.0),
            ANCHORS,
            (2,),
            look(Shift((refined_x - first_x) / 20)),
        )
        loss = DetectionLoss(create_assigner(MaxIouAssignment(strategy="max_iou")), "giou", 2.0, 1.0)
        terms = loss(dense, [FieldTarget(torch.tensor([[0.0, 0.0, 20.0, 20.0]]), torch.tensor([0]))])
        return {name: term.item() for name, term in terms.items()}

    exact, late, off = total(0.0, 0.0), total(5.0, 0.0), total(0.0, 5.0)
    assert exact["refinement"] == pytest.approx(0, abs=1e-5)
    assert late["box"] == pytest.approx(1 - 15 / 25, abs=1e-4)  # IoU 15 / 25, no gap
    assert late["refinement"] == pytest.approx(0, abs=1e-4)
    assert late["iou"] == pytest.approx(0, abs=1e-4)  # sure of a perfect box, and it is one
    assert off["iou"] == pytest.approx(21 * (1 - 15 / 25), rel=1e-3)  # as sure of one that is not: logit 20 + 1
    assert late["total"] == pytest.approx(
        late["class"] + 2 * (late["box"] + late["refinement"]) + late["iou"], rel=1e-5
    )


def test_prediction_refines_the_best_boxes_and_gives_these_alone() -> None:
    torch.manual_seed(0)
    network = create_model(
        "retinanet_light", task="detection", num_classes=2, width=8, channels=16, refinements=1, refined_boxes=5
    ).eval()
    assert isinstance(network, RetinaNet)
    nn.init.normal_(network.class_head.weight, std=1.0)
    images = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        dense = network(images)
        boxes, scores = network.predict(images)
        network.refinements = nn.ModuleList([Shift(0.25)])
        moved, moved_scores = network.predict(images)
    everywhere = (dense.class_logits.sigmoid() * dense.iou_logits.sigmoid()[..., None]).sqrt()
    for i in range(2):
        best = everywhere[i].amax(dim=1).topk(5).indices.sort().values
        torch.testing.assert_close(boxes[i], dense.boxes()[i, best])  # a new refinement leaves them as they are
        torch.testing.assert_close(scores[i], everywhere[i, best])
        width = (boxes[i, :, 2] - boxes[i, :, 0])[:, None]
        torch.testing.assert_close(moved[i] - boxes[i], width * torch.tensor([0.25, 0, 0.25, 0]), rtol=1e-3, atol=1e-3)
        surer = (dense.class_logits[i, best].sigmoid() * (dense.iou_logits[i, best] + 1).sigmoid()[:, None]).sqrt()
        torch.testing.assert_close(moved_scores[i], surer)


def test_loss_looks_again_at_some_boxes_of_every_class() -> None:
    many = 1000
    anchors = ANCHORS[:1].repeat(many + 1, 1)
    seen: list[int] = []

    class Watch(Shift):
        def forward(self, feature: Tensor, stride: int, boxes: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
            seen.append(len(boxes))
            return super().forward(feature, stride, boxes, image)

    look = SecondLook([Watch(0.0)], torch.zeros(1, 8, 4, 4), STRIDE)
    output = DenseOutput(torch.zeros(1, many + 1, 2), torch.zeros(1, many + 1, 4), None, anchors, (many + 1,), look)
    truth = FieldTarget(ANCHORS[:1].repeat(2, 1), torch.tensor([0, 1]))
    assigner = Mock(side_effect=lambda *_: torch.tensor([0] * many + [1]))
    terms = DetectionLoss(assigner, "giou", 2.0, 1.0)(output, [truth])
    assert seen == [many // 2 + 1]  # every second of the first class, the only one of the other
    assert terms["total"].isfinite()
    assert DetectionLoss(Mock(side_effect=lambda *_: torch.full((many + 1,), -1)), "giou", 2.0, 1.0)(output, [truth])[
        "total"
    ].isfinite()
