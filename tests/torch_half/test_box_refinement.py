import numpy as np
import pytest
import torch
from torch import Tensor

from hemascope.models.detectors.retinanet import DenseOutput
from hemascope.models.layers.anchors import encode_boxes
from hemascope.models.layers.box_refinement import BoxRefinement
from hemascope.models.targets import FieldTarget
from hemascope.training.assignment import create_assigner
from hemascope.training.losses.detection import DetectionLoss
from hemascope.training.recipe import MaxIouAssignment

STRIDE = 8
ANCHORS = torch.tensor([[0.0, 0.0, 20.0, 20.0], [20.0, 0.0, 40.0, 20.0]])


def refinement(points: int = 3) -> BoxRefinement:
    torch.manual_seed(0)
    layer = BoxRefinement(8, points=points, sampled_channels=4)
    torch.nn.init.normal_(layer.head.weight)
    return layer


def sample_slowly(feature: Tensor, x: float, y: float) -> Tensor:
    """Bilinear value `(C,)` at a place in network pixels; the centre of cell (0, 0) lies half a stride in."""
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
def test_box_is_seen_at_a_grid_of_points_that_reaches_just_beyond_its_edges(box: list[float]) -> None:
    layer, feature = refinement(), torch.randn(1, 8, 6, 8)
    with torch.no_grad():
        deltas, quality = layer(feature, STRIDE, torch.tensor([[box]]))
        projected = layer.project(feature)[0]
        places = [-0.1, 0.5, 1.1]
        samples = [
            sample_slowly(projected, box[0] + u * (box[2] - box[0]), box[1] + v * (box[3] - box[1]))
            for v in places
            for u in places
        ]
        expected = layer.head(torch.relu(layer.look(torch.stack(samples, dim=1).flatten())))
    torch.testing.assert_close(torch.cat([deltas[0, 0], quality[0]]), expected, rtol=1e-4, atol=1e-4)


def test_new_refinement_leaves_every_box_as_it_is() -> None:
    deltas, quality = BoxRefinement(8)(torch.randn(2, 8, 4, 4), STRIDE, torch.rand(2, 7, 4) * 10)
    assert (deltas.shape, quality.shape) == ((2, 7, 4), (2, 7))
    assert not deltas.any()
    assert not quality.any()


def test_field_without_anchors_and_a_wild_box_give_finite_answers() -> None:
    layer, feature = refinement(), torch.randn(1, 8, 4, 4)
    assert layer(feature, STRIDE, torch.zeros(1, 0, 4))[0].shape == (1, 0, 4)
    wild = layer(feature, STRIDE, torch.tensor([[[-1e6, -1e6, 1e6, 1e6]]]))
    assert wild[0].isfinite().all()


def test_each_stage_starts_from_the_boxes_before_it_without_their_gradient() -> None:
    first, second = torch.zeros(1, 2, 4, requires_grad=True), torch.zeros(1, 2, 4, requires_grad=True)
    moved = torch.tensor([[[2.0, 0.0, 22.0, 20.0], [20.0, 0.0, 50.0, 20.0]]])
    with torch.no_grad():
        first += encode_boxes(moved, ANCHORS)
    stages = DenseOutput(torch.zeros(1, 2, 1), first, None, ANCHORS, (2,), (second,)).boxes_by_stage()
    torch.testing.assert_close(stages[0], moved)
    torch.testing.assert_close(stages[1], moved)
    stages[1].sum().backward()  # type: ignore[no-untyped-call]
    assert first.grad is None
    assert second.grad is not None


def test_loss_asks_every_stage_for_the_box() -> None:
    def total(first_x: float, second_x: float) -> dict[str, float]:
        boxes = [ANCHORS + torch.tensor([x, 0.0, x, 0.0]) for x in (first_x, second_x)]
        deltas = (encode_boxes(boxes[0], ANCHORS)[None], encode_boxes(boxes[1], boxes[0])[None])
        dense = DenseOutput(torch.zeros(1, 2, 1), deltas[0], torch.zeros(1, 2), ANCHORS, (2,), (deltas[1],))
        loss = DetectionLoss(create_assigner(MaxIouAssignment(strategy="max_iou")), "giou", 2.0, 1.0)
        terms = loss(dense, [FieldTarget(torch.tensor([[0.0, 0.0, 20.0, 20.0]]), torch.tensor([0]))])
        return {name: term.item() for name, term in terms.items()}

    exact, late = total(0.0, 0.0), total(5.0, 0.0)
    assert exact["refinement"] == pytest.approx(0, abs=1e-5)
    assert late["box"] == pytest.approx(1 - 15 / 25, abs=1e-4)  # IoU 15 / 25, no gap
    assert late["refinement"] == pytest.approx(0, abs=1e-4)
    assert late["total"] == pytest.approx(
        late["class"] + 2 * (late["box"] + late["refinement"]) + late["iou"], rel=1e-5
    )
