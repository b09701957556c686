"""Optimal transport assignment."""

import torch
from torch import Tensor
from torchvision.ops import generalized_box_iou_loss, sigmoid_focal_loss

from hemascope.models.targets import FieldTarget
from hemascope.training.assignment.candidates import ImageCandidates, all_background, anchor_centres, overlaps
from hemascope.training.assignment.transport import Routes, sinkhorn_plan


def assign_ota(
    image: ImageCandidates,
    target: FieldTarget,
    *,
    dynamic_k: int,
    cost_weight: float,
    epsilon: float,
    iterations: int,
    centre_radius: float,
) -> Tensor:
    """Anchors to which labels travel at the least total loss (Ge et al. 2021, algorithm 1; thesis 4.2.3.5).

    Each box supplies as many labels as its `dynamic_k` best overlaps sum to, rounded down, at least one; background
    supplies the rest. A label costs the loss that the anchor would have with it. An anchor takes the label that it
    gets most of; a box whose labels are spread thinly over equal anchors may end without any. A box reaches anchors
    with their centre in it or within `centre_radius` strides of its own centre. Routes out of reach are closed, the
    limit of the paper's large constant; anchors that no box reaches are background and leave the plan as it is.
    """
    reach = _reach(image, target.boxes_xyxy, centre_radius)  # (G, A)
    boxes, anchors = reach.any(dim=1).nonzero().squeeze(1), reach.any(dim=0).nonzero().squeeze(1)
    assigned = all_background(image)
    if len(boxes) == 0:
        return assigned
    reach = reach[boxes][:, anchors]
    truth, predicted = target.boxes_xyxy[boxes], image.boxes_xyxy[anchors]
    routes = _routes(reach, truth, target.class_ids[boxes], predicted, image.class_logits[anchors], cost_weight)
    supply = _supply(overlaps(truth, predicted) * reach, dynamic_k)
    plan = sinkhorn_plan(routes, supply, len(anchors), epsilon=epsilon, iterations=iterations)
    amount = plan.new_zeros(len(boxes) + 1, len(anchors)).index_put_((routes.supplier, routes.demand), plan)
    label = amount.argmax(dim=0)
    positive = label < len(boxes)
    assigned[anchors[positive]] = boxes[label[positive]]
    return assigned


def _reach(image: ImageCandidates, boxes_xyxy: Tensor, centre_radius: float) -> Tensor:
    """True `(G, A)` where the anchor's centre is in the box or in its centre region; a box without area has neither."""
    centres = anchor_centres(image.anchors_xyxy)
    inside = ((centres > boxes_xyxy[:, None, :2]) & (centres < boxes_xyxy[:, None, 2:])).all(dim=-1)
    radius = centre_radius * _strides(image, centres)  # (A, 1)
    near = ((centres - anchor_centres(boxes_xyxy)[:, None]).abs() < radius).all(dim=-1)
    has_area = (boxes_xyxy[:, 2:] > boxes_xyxy[:, :2]).all(dim=1, keepdim=True)
    return (inside | near) & has_area


def _strides(image: ImageCandidates, centres: Tensor) -> Tensor:
    """Stride `(A, 1)` of each anchor's level: the first centre of a level lies half a stride from the corner."""
    counts = torch.tensor(image.anchors_per_level, device=centres.device)
    first = counts.cumsum(0) - counts
    return (2 * centres[first, :1]).repeat_interleave(counts, dim=0)


def _routes(
    reach: Tensor, truth: Tensor, class_ids: Tensor, predicted: Tensor, class_logits: Tensor, cost_weight: float
) -> Routes:
    """From each box to the anchors it reaches at focal + weight * GIoU loss (thesis eq. 4.15), and from the background,
    the last supplier, to every anchor at the focal loss of no class (eq. 4.16)."""
    box, anchor = reach.nonzero(as_tuple=True)
    absent = sigmoid_focal_loss(class_logits, torch.zeros_like(class_logits), alpha=0.25, gamma=2)  # (A, C)
    present = sigmoid_focal_loss(class_logits, torch.ones_like(class_logits), alpha=0.25, gamma=2)
    background = absent.sum(dim=1)
    class_cost = background[anchor] + (present - absent)[anchor, class_ids[box]]
    box_cost = generalized_box_iou_loss(predicted[anchor], truth[box])
    every = torch.arange(len(predicted), device=anchor.device)
    return Routes(
        torch.cat([box, torch.full_like(every, len(truth))]),
        torch.cat([anchor, every]),
        torch.cat([class_cost + cost_weight * box_cost, background]),
    )


def _supply(iou: Tensor, dynamic_k: int) -> Tensor:
    """Labels `(G + 1,)` of each box and of the background from `iou (G, A)`; they sum to the number of anchors A.

    Boxes that want more labels than there are anchors share them in proportion, and none is left for the background.
    """
    count = iou.shape[1]
    wanted = iou.topk(min(dynamic_k, count), dim=1).values.sum(dim=1).floor().clamp(min=1)
    given = wanted * (count / wanted.sum()).clamp(max=1)
    return torch.cat([given, (count - given.sum()).clamp(min=0)[None]])
