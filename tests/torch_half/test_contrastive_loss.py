import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from hemascope.training.losses.contrastive import contrastive_loss


def slow_loss(features: Tensor, labels: Tensor, threshold: float) -> float:
    """Eq. 5.14, pair by pair."""
    total = 0.0
    rows = features.double().tolist()
    for row, label in zip(rows, labels.tolist(), strict=True):
        for other_row, other_label in zip(rows, labels.tolist(), strict=True):
            dot = sum(a * b for a, b in zip(row, other_row, strict=True))
            cosine = dot / math.hypot(*row) / math.hypot(*other_row)
            total += 1 - cosine if label == other_label else max(cosine - threshold, 0)
    return total / len(rows) ** 2


@pytest.mark.parametrize("threshold", [0.4, 0.0, -0.5])
@pytest.mark.parametrize("batch", [1, 2, 7])
def test_loss_is_that_of_the_equation_pair_by_pair(batch: int, threshold: float) -> None:
    torch.manual_seed(batch)
    features, labels = torch.randn(batch, 5) * 3, torch.randint(0, 3, (batch,))
    expected = slow_loss(features, labels, threshold)
    assert contrastive_loss(features, labels, threshold).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("features", "labels", "expected"),
    [
        ([[1.0, 2.0]], [0], 0.0),
        ([[1.0, 2.0]] * 3, [1, 1, 1], 0.0),
        ([[1.0, 0.0], [-1.0, 0.0]], [0, 0], 2 * 2 / 4),
        ([[1.0, 2.0]] * 4, [0, 0, 1, 1], 8 * 0.6 / 16),
        ([[1.0, 0.0], [0.0, 1.0]], [0, 1], 0.0),
        ([[1.0, 0.0], [0.4, math.sqrt(1 - 0.16)]], [0, 1], 0.0),
    ],
    ids=[
        "batch of one",
        "one class, one direction",
        "one class, opposite",
        "two classes, one direction",
        "two classes at right angles",
        "two classes just at the threshold",
    ],
)
def test_loss_at_its_limits(features: list[list[float]], labels: list[int], expected: float) -> None:
    assert contrastive_loss(torch.tensor(features), torch.tensor(labels)).item() == pytest.approx(expected, abs=1e-6)


def test_length_of_a_feature_does_not_matter() -> None:
    torch.manual_seed(0)
    features, labels = torch.randn(6, 4), torch.tensor([0, 0, 1, 1, 2, 2])
    scaled = features * torch.tensor([0.1, 5, 1, 30, 2, 0.7])[:, None]
    torch.testing.assert_close(contrastive_loss(scaled, labels), contrastive_loss(features, labels))


def test_learning_brings_classes_together_and_apart() -> None:
    torch.manual_seed(0)
    features = torch.randn(8, 4, requires_grad=True)
    labels = torch.tensor([0, 1] * 4)
    optimiser = torch.optim.SGD([features], lr=2)
    for _ in range(200):
        optimiser.zero_grad()
        contrastive_loss(features, labels).backward()
        optimiser.step()
    directions = functional.normalize(features.detach(), dim=1)
    cosine = directions @ directions.T
    same = labels[:, None] == labels
    assert cosine[same].min() > 0.99
    assert cosine[~same].max() < 0.45


@pytest.mark.parametrize("batch", [1, 3], ids=["batch of one", "with a feature of zeros"])
def test_gradients_are_finite(batch: int) -> None:
    features = torch.zeros(batch, 4)
    features[-1] = 1
    features.requires_grad_()
    loss = contrastive_loss(features, torch.zeros(batch, dtype=torch.long))
    loss.backward()
    assert loss.isfinite()
    assert features.grad is not None
    assert features.grad.isfinite().all()


def test_half_precision_costs_no_more_than_the_rounding_of_the_features() -> None:
    torch.manual_seed(0)
    features, labels = torch.randn(8, 16).bfloat16(), torch.tensor([0, 1] * 4)
    with torch.autocast("cpu", torch.bfloat16):
        loss = contrastive_loss(features, labels)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, contrastive_loss(features.float(), labels), rtol=1e-6, atol=0)
