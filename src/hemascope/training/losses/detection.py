"""Loss of the dense detector: focal + box_weight * GIoU + iou_weight * IoU branch (thesis eq. 4.4)."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import box_area, generalized_box_iou_loss, sigmoid_focal_loss

from hemascope.models.detectors.retinanet import DenseOutput
from hemascope.models.layers.anchors import decode_boxes
from hemascope.training.assign import assign_atss


@dataclass(frozen=True, slots=True)
class FieldTarget:
    """Ground truth of one input: `boxes_xyxy (G, 4)` in network pixels, `class_ids (G,)`."""

    boxes_xyxy: Tensor
    class_ids: Tensor


@dataclass(frozen=True, slots=True)
class DetectionLoss:
    """Sums over the batch divided by the number of positive anchors (at least one)."""

    atss_candidates: int
    box_weight: float
    iou_weight: float

    def __call__(self, output: DenseOutput, targets: list[FieldTarget]) -> dict[str, Tensor]:
        """Terms by name: `class`, `box`, `iou`, and their weighted sum `total`."""
        num_classes = output.class_logits.shape[-1]
        class_targets = torch.zeros_like(output.class_logits)
        predicted, wanted, quality_logits = [], [], []
        for i, target in enumerate(targets):
            assigned = assign_atss(
                output.anchors_xyxy, output.anchors_per_level, target.boxes_xyxy, self.atss_candidates
            )
            positive = (assigned >= 0).nonzero().squeeze(1)
            box_index = assigned[positive]
            class_targets[i, positive] = functional.one_hot(target.class_ids[box_index], num_classes).float()
            predicted.append(decode_boxes(output.deltas[i, positive], output.anchors_xyxy[positive]))
            wanted.append(target.boxes_xyxy[box_index])
            quality_logits.append(output.iou_logits[i, positive])
        boxes, truth = torch.cat(predicted), torch.cat(wanted)
        normaliser = max(len(boxes), 1)
        class_loss = sigmoid_focal_loss(output.class_logits, class_targets, alpha=0.25, gamma=2, reduction="sum")
        box_loss = generalized_box_iou_loss(boxes, truth, reduction="sum")
        quality = _paired_iou(boxes.detach(), truth)
        iou_loss = functional.binary_cross_entropy_with_logits(torch.cat(quality_logits), quality, reduction="sum")
        terms = {"class": class_loss / normaliser, "box": box_loss / normaliser, "iou": iou_loss / normaliser}
        terms["total"] = terms["class"] + self.box_weight * terms["box"] + self.iou_weight * terms["iou"]
        return terms


def _paired_iou(a_xyxy: Tensor, b_xyxy: Tensor) -> Tensor:
    """Intersection over union of row i with row i `(n,)`: the diagonal of torchvision's `box_iou`, not its n x n."""
    size = torch.min(a_xyxy[:, 2:], b_xyxy[:, 2:]) - torch.max(a_xyxy[:, :2], b_xyxy[:, :2])
    intersection = size.clamp(min=0).prod(dim=1)
    iou: Tensor = intersection / (box_area(a_xyxy) + box_area(b_xyxy) - intersection)
    return iou
