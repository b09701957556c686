import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from hemascope.errors import DatasetError
from hemascope.training.losses.centre_triplet import CentreTripletLoss
from hemascope.training.losses.poly_focal import inverse_frequency_weights, poly_focal_loss

LABELS = torch.tensor([0, 2, 1, 2, 2])


def some_logits(seed: int = 0) -> Tensor:
    return 3 * torch.randn(5, 3, generator=torch.Generator().manual_seed(seed))


# --- PolyFocal ---


def slow_poly_focal(logits: Tensor, labels: Tensor, gamma: float, weights: list[float]) -> float:
    total = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        p = math.exp(row[label]) / sum(math.exp(value) for value in row)
        total += -((1 - p) ** gamma) * math.log(p) + weights[label] * gamma * (1 - p) ** (gamma + 1)
    return total / len(labels)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 3.0])
@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0], [0.5, 2.0, 0.5], [0.0, 0.0, 0.0]], ids=["even", "uneven", "none"])
def test_poly_focal_does_what_its_equation_says(gamma: float, weights: list[float]) -> None:
    loss = poly_focal_loss(some_logits(), LABELS, gamma, torch.tensor(weights))
    assert loss.item() == pytest.approx(slow_poly_focal(some_logits(), LABELS, gamma, weights), rel=1e-5)


def test_poly_focal_without_weights_is_that_with_ones() -> None:
    torch.testing.assert_close(
        poly_focal_loss(some_logits(), LABELS), poly_focal_loss(some_logits(), LABELS, 2.0, torch.ones(3))
    )


@pytest.mark.parametrize("weight", [0.0, 1.7])
def test_poly_focal_of_gamma_zero_is_cross_entropy(weight: float) -> None:
    loss = poly_focal_loss(some_logits(), LABELS, 0.0, torch.full((3,), weight))
    torch.testing.assert_close(loss, functional.cross_entropy(some_logits(), LABELS))


def test_poly_focal_without_its_polynomial_is_the_focal_loss() -> None:
    p = some_logits().softmax(dim=1)[torch.arange(5), LABELS]
    focal = (-((1 - p) ** 2) * p.log()).mean()
    torch.testing.assert_close(poly_focal_loss(some_logits(), LABELS, 2.0, torch.zeros(3)), focal)


def test_poly_focal_of_shares_is_the_mean_of_its_classes_by_share() -> None:
    one, other = LABELS, torch.tensor([1, 1, 0, 2, 0])
    shares = 0.3 * functional.one_hot(one, 3) + 0.7 * functional.one_hot(other, 3)
    weights = torch.tensor([0.5, 1.5, 1.0])
    expected = 0.3 * poly_focal_loss(some_logits(), one, 2.0, weights) + 0.7 * poly_focal_loss(
        some_logits(), other, 2.0, weights
    )
    torch.testing.assert_close(poly_focal_loss(some_logits(), shares, 2.0, weights), expected)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("logit", [0.0, 30.0, 500.0, -500.0], ids=["unsure", "sure", "very sure", "very wrong"])
def test_poly_focal_and_its_gradient_are_finite(gamma: float, logit: float) -> None:
    logits = torch.tensor([[logit, 0.0, 0.0]]).requires_grad_()
    loss = poly_focal_loss(logits, torch.tensor([0]), gamma)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.isfinite()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_poly_focal_takes_half_precision_and_works_in_float32() -> None:
    logits = some_logits().bfloat16()
    torch.testing.assert_close(poly_focal_loss(logits, LABELS), poly_focal_loss(logits.float(), LABELS))


def test_rare_classes_weigh_more_and_the_mean_weight_is_one() -> None:
    weights = inverse_frequency_weights(torch.tensor([100, 50, 25]))
    assert weights.tolist() == pytest.approx([3 / 7, 6 / 7, 12 / 7])
    with pytest.raises(DatasetError, match=r"counts: \[3, 0\]"):
        inverse_frequency_weights(torch.tensor([3, 0]))


# --- centre-triplet ---


def slow_centre_triplet(features: list[list[float]], labels: list[int], centres: list[list[float]], m: float) -> float:
    def distance(a: list[float], b: list[float]) -> float:
        return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))

    farthest, which = -1.0, -1
    for i, (f, y) in enumerate(zip(features, labels, strict=True)):
        if distance(f, centres[y]) > farthest:
            farthest, which = distance(f, centres[y]), i
    others = [distance(f, centres[labels[which]]) for f, y in zip(features, labels, strict=True) if y != labels[which]]
    return max(0.0, farthest + m - min(others)) if others else 0.0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("margin", [0.0, 1.0])
def test_centre_triplet_does_what_its_equations_say(seed: int, normalise: bool, margin: float) -> None:
    torch.manual_seed(seed)
    loss, features = CentreTripletLoss(3, 6, margin, normalise=normalise), torch.randn(5, 6)
    seen = features / features.square().sum(dim=1, keepdim=True).sqrt() if normalise else features
    expected = slow_centre_triplet(seen.tolist(), LABELS.tolist(), loss.centres.tolist(), margin)
    assert loss(features, LABELS).item() == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("batch", [1, 3])
def test_batch_of_one_class_costs_nothing_and_can_be_stepped(batch: int) -> None:
    loss, features = CentreTripletLoss(3, 6), torch.randn(batch, 6, requires_grad=True)
    total = loss(features, torch.full((batch,), 1))
    total.backward()
    assert total.item() == 0
    assert features.grad is not None
    assert not features.grad.any()


def test_classes_that_lie_apart_cost_nothing() -> None:
    loss = CentreTripletLoss(2, 2)
    with torch.no_grad():
        loss.centres.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
    assert loss(torch.tensor([[5.0, 0.0], [-2.0, 0.0]]), torch.tensor([0, 1])).item() == 0


def test_gradient_reaches_the_hardest_pair_and_one_centre_alone() -> None:
    loss = CentreTripletLoss(3, 2, normalise=False)
    with torch.no_grad():
        loss.centres.copy_(torch.tensor([[0.0, 0.0], [4.0, 0.0], [9.0, 9.0]]))
    features = torch.tensor([[2.0, 0.0], [0.1, 0.0], [3.9, 0.0], [2.125, 0.0]], requires_grad=True)
    loss(features, torch.tensor([0, 0, 1, 1])).backward()
    assert features.grad is not None
    assert features.grad.any(dim=1).tolist() == [True, False, False, True]  # eq. 11
    assert features.grad[0].tolist() == [4.0, 0.0]
    assert features.grad[3].tolist() == [-4.25, 0.0]
    assert loss.centres.grad is not None
    assert loss.centres.grad.any(dim=1).tolist() == [True, False, False]


def test_centre_triplet_takes_half_precision_features() -> None:
    loss, features = CentreTripletLoss(3, 6), torch.randn(5, 6).bfloat16()
    total = loss(features, LABELS)
    assert total.dtype == torch.float32
    torch.testing.assert_close(total, loss(features.float(), LABELS))
