"""Which anchor is responsible for which ground-truth box."""

import torch
from torch import Tensor
from torchvision.ops import box_iou


def assign_atss(
    anchors_xyxy: Tensor, anchors_per_level: tuple[int, ...], boxes_xyxy: Tensor, candidates: int
) -> Tensor:
    """Adaptive training sample selection (Zhang et al. 2020, algorithm 1).

    Anchors `(A, 4)`, ground truth `(G, 4)`, both xyxy in network pixels. Returns `(A,)`: the index of the ground truth,
    or -1 for background. On every level the `candidates` anchors nearest to a box's centre compete; those whose IoU
    reaches mean + standard deviation of all competitors, and whose centre lies in the box, become positive. An anchor
    wanted by two boxes goes to the one it overlaps more.
    """
    assigned = torch.full((len(anchors_xyxy),), -1, dtype=torch.long, device=anchors_xyxy.device)
    if len(boxes_xyxy) == 0:
        return assigned
    anchor_centres = (anchors_xyxy[:, :2] + anchors_xyxy[:, 2:]) / 2
    box_centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    distance = torch.cdist(box_centres, anchor_centres)  # (G, A)
    chosen = []
    start = 0
    for count in anchors_per_level:
        nearest = distance[:, start : start + count].topk(min(candidates, count), dim=1, largest=False).indices
        chosen.append(nearest + start)
        start += count
    index = torch.cat(chosen, dim=1)  # (G, K)
    iou = box_iou(boxes_xyxy, anchors_xyxy)  # (G, A)
    candidate_iou = iou.gather(1, index)
    threshold = candidate_iou.mean(dim=1, keepdim=True) + candidate_iou.std(dim=1, keepdim=True)
    centres = anchor_centres[index]  # (G, K, 2)
    inside = ((centres > boxes_xyxy[:, None, :2]) & (centres < boxes_xyxy[:, None, 2:])).all(dim=-1)
    positive = torch.zeros_like(iou, dtype=torch.bool)
    positive.scatter_(1, index, (candidate_iou >= threshold) & inside)
    best_iou, best_box = torch.where(positive, iou, torch.full_like(iou, -1.0)).max(dim=0)
    assigned[best_iou >= 0] = best_box[best_iou >= 0]
    return assigned
