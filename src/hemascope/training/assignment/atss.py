"""Adaptive training sample selection."""

import torch
from torch import Tensor

from hemascope.models.targets import FieldTarget
from hemascope.training.assignment.candidates import (
    ImageCandidates,
    all_background,
    anchor_centres,
    best_of_each_level,
    most_overlapping,
    overlaps,
)


def assign_atss(image: ImageCandidates, target: FieldTarget, *, candidates: int) -> Tensor:
    """Anchors near a box's centre that overlap it unusually well (Zhang et al. 2020, algorithm 1).

    On every level the `candidates` anchors nearest to a box's centre compete; those whose IoU reaches mean + standard
    deviation of all competitors, and whose centre lies in the box, become positive. An anchor wanted by two boxes goes
    to the one it overlaps more. Nothing is ignored.
    """
    boxes = target.boxes_xyxy
    if len(boxes) == 0:
        return all_background(image)
    centres = anchor_centres(image.anchors_xyxy)
    # the faster way by matrix product is off by up to 0.2 px, which picks wrong neighbours
    distance = torch.cdist(anchor_centres(boxes), centres, compute_mode="donot_use_mm_for_euclid_dist")  # (G, A)
    index = best_of_each_level(-distance, image.anchors_per_level, candidates)  # (G, K)
    iou = overlaps(boxes, image.anchors_xyxy)
    chosen_iou = iou.gather(1, index)
    threshold = chosen_iou.mean(dim=1, keepdim=True)
    if index.shape[1] > 1:  # one competitor alone has no spread
        threshold = threshold + chosen_iou.std(dim=1, keepdim=True)
    chosen_centres = centres[index]  # (G, K, 2)
    inside = ((chosen_centres > boxes[:, None, :2]) & (chosen_centres < boxes[:, None, 2:])).all(dim=-1)
    wanted = torch.zeros_like(iou, dtype=torch.bool)
    wanted.scatter_(1, index, (chosen_iou >= threshold) & inside)
    return most_overlapping(wanted, iou)
