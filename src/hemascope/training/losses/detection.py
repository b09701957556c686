"""Loss of the dense detector: focal + box_weight * box + iou_weight * IoU branch (thesis eq. 4.4)."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import box_area, generalized_box_iou_loss, sigmoid_focal_loss

from hemascope.models.detectors.retinanet import DenseOutput
from hemascope.models.layers.anchors import encode_boxes
from hemascope.models.targets import FieldTarget
from hemascope.training.assignment import IGNORED, Assigner, ImageCandidates

_SMOOTH_L1_BETA = 1 / 9  # where the loss turns from square to straight, as in the RetinaNet reference code

_SEEN_OF_A_CLASS = 512  # positives a batch that are looked at again: red cells would take the time and drown the others


@dataclass(frozen=True, slots=True)
class DetectionLoss:
    """Sums over the batch divided by the number of positive anchors (at least one).

    `assigner` says which anchors are positive and which the class loss leaves out. `box` is the GIoU loss of the
    decoded boxes, or smooth L1 on the deltas (Girshick 2015, eq. 3). The IoU branch (thesis section 4.2.2) learns the
    overlap of the decoded box with its ground truth on positives; a network without the branch has no such term. With
    refinements, some positives of every class are looked at again, and these alone teach the branch.
    """

    assigner: Assigner
    box: Literal["giou", "smooth_l1"]
    box_weight: float
    iou_weight: float

    def __call__(self, output: DenseOutput, targets: list[FieldTarget]) -> dict[str, Tensor]:
        """Terms by name, weighted sum `total`: `class`, `box`, `refinement` and `iou` where the network has them.

        Half-precision outputs are computed in float32.
        """
        logits, deltas, anchors = output.class_logits.float(), output.deltas.float(), output.anchors_xyxy.float()
        decoded = output.boxes()
        assigned = self._assign(output, logits, decoded, targets)
        image, anchor = (assigned >= 0).nonzero(as_tuple=True)
        boxes = decoded[image, anchor]
        truth, class_ids = _assigned_truth(targets, image, assigned[image, anchor], boxes)
        normaliser = max(len(image), 1)
        wanted = torch.zeros_like(logits)
        wanted[image, anchor, class_ids] = 1
        focal = sigmoid_focal_loss(logits, wanted, alpha=0.25, gamma=2)
        terms = {"class": (focal * (assigned != IGNORED)[..., None]).sum() / normaliser}
        terms["box"] = self._box_loss(deltas[image, anchor], boxes, anchors[anchor], truth) / normaliser
        total = terms["class"] + self.box_weight * terms["box"]
        gain: Tensor | float = 0.0
        if output.second_look is not None:
            seen = _at_most(_SEEN_OF_A_CLASS, class_ids)
            image, anchor, boxes, truth = image[seen], anchor[seen], boxes[seen], truth[seen]
            stages, gain = output.second_look(boxes, image)
            again = [generalized_box_iou_loss(stage, truth, reduction="sum") for stage in stages]
            terms["refinement"] = torch.stack(again).mean() / max(len(seen), 1)
            total = total + self.box_weight * terms["refinement"]
            boxes = stages[-1]
        if output.iou_logits is not None:
            quality = _paired_iou(boxes.detach(), truth)
            logit = output.iou_logits.float()[image, anchor] + gain
            terms["iou"] = functional.binary_cross_entropy_with_logits(logit, quality, reduction="sum")
            terms["iou"] = terms["iou"] / max(len(image), 1)
            total = total + self.iou_weight * terms["iou"]
        terms["total"] = total
        return terms

    def _assign(self, output: DenseOutput, logits: Tensor, boxes: Tensor, targets: list[FieldTarget]) -> Tensor:
        """`(B, A)`; the assigner sees numbers without gradient."""
        anchors = output.anchors_xyxy.float()
        return torch.stack(
            [
                self.assigner(ImageCandidates(anchors, output.anchors_per_level, scores, decoded), target)
                for scores, decoded, target in zip(logits.detach(), boxes.detach(), targets, strict=True)
            ]
        )

    def _box_loss(self, deltas: Tensor, boxes: Tensor, anchors: Tensor, truth: Tensor) -> Tensor:
        """Sum over positives; all arguments `(P, 4)`."""
        loss: Tensor
        if self.box == "giou":
            loss = generalized_box_iou_loss(boxes, truth, reduction="sum")
        else:
            encoded = encode_boxes(truth, anchors)
            loss = functional.smooth_l1_loss(deltas, encoded, beta=_SMOOTH_L1_BETA, reduction="sum")
        return loss


def _assigned_truth(
    targets: list[FieldTarget], image: Tensor, box_index: Tensor, like: Tensor
) -> tuple[Tensor, Tensor]:
    """Box `(P, 4)` and class `(P,)` of each positive: number `box_index (P,)` of picture number `image (P,)`."""
    counts = torch.tensor([0, *(len(target.boxes_xyxy) for target in targets)], device=image.device)
    row = counts.cumsum(0)[image] + box_index
    boxes = torch.cat([target.boxes_xyxy for target in targets]).to(like)
    return boxes[row], torch.cat([target.class_ids for target in targets])[row]


def _at_most(limit: int, class_ids: Tensor) -> Tensor:
    """Rows of at most `limit` positives of each class `(P,)`, evenly spread."""
    rows = [(class_ids == known).nonzero().squeeze(1) for known in sorted(set(class_ids.tolist()))]
    return torch.cat([some[:: -(-len(some) // limit)] for some in rows]) if rows else class_ids


def _paired_iou(a_xyxy: Tensor, b_xyxy: Tensor) -> Tensor:
    """Intersection over union of row i with row i `(n,)`: the diagonal of torchvision's `box_iou`, not its n x n."""
    size = torch.min(a_xyxy[:, 2:], b_xyxy[:, 2:]) - torch.max(a_xyxy[:, :2], b_xyxy[:, :2])
    intersection = size.clamp(min=0).prod(dim=1)
    iou: Tensor = intersection / (box_area(a_xyxy) + box_area(b_xyxy) - intersection)
    return iou
