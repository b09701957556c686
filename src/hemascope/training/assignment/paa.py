"""Probabilistic anchor assignment."""

import torch
from torch import Tensor

from hemascope.models.targets import FieldTarget
from hemascope.training.assignment.candidates import (
    IGNORED,
    ImageCandidates,
    all_background,
    best_of_each_level,
    keep_best_anchors,
    most_overlapping,
    overlaps,
)
from hemascope.training.assignment.mixture import fit_two_gaussians


def assign_paa(image: ImageCandidates, target: FieldTarget, *, candidates: int, iou_power: float) -> Tensor:
    """Anchors that already answer well for a box (Kim and Lee 2020, algorithm 1; thesis section 4.2.3.4).

    An anchor is a candidate of the box it overlaps most. The `candidates` with the best score on every level are taken
    for draws from two Gaussians: from the upper mean on they are positive, below the lower mean background, between
    ignored. All other anchors are background. A box with any candidate keeps at least one.
    """
    boxes = target.boxes_xyxy
    if len(boxes) == 0:
        return all_background(image)
    anchor_iou = overlaps(boxes, image.anchors_xyxy)
    owner = keep_best_anchors(most_overlapping(anchor_iou > 0, anchor_iou), anchor_iou)
    owned = owner == torch.arange(len(boxes), device=boxes.device)[:, None]  # (G, A)
    score = _score(image, target, iou_power).masked_fill(~owned, -1.0)
    index = best_of_each_level(score, image.anchors_per_level, candidates)  # (G, K)
    chosen = score.gather(1, index).double()
    valid = chosen >= 0
    lower, upper = fit_two_gaussians(chosen, valid).means.aminmax(dim=1, keepdim=True)
    positive, undecided = valid & (chosen >= upper), valid & (chosen >= lower)
    assigned = all_background(image)
    assigned[index[undecided]] = IGNORED
    assigned[index[positive]] = owner[index[positive]]
    return assigned


def _score(image: ImageCandidates, target: FieldTarget, iou_power: float) -> Tensor:
    """Class probability x IoU^lambda of the decoded box `(G, A)`, thesis eq. 4.5."""
    probability = image.class_logits[:, target.class_ids].sigmoid().T
    return probability * overlaps(target.boxes_xyxy, image.boxes_xyxy).pow(iou_power)
