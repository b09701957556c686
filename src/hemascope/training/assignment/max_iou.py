"""Fixed thresholds on the overlap of anchor and box."""

from torch import Tensor

from hemascope.models.targets import FieldTarget
from hemascope.training.assignment.candidates import (
    BACKGROUND,
    IGNORED,
    ImageCandidates,
    all_background,
    keep_best_anchors,
    overlaps,
)


def assign_max_iou(image: ImageCandidates, target: FieldTarget, *, positive_iou: float, negative_iou: float) -> Tensor:
    """The rule of RetinaNet (Lin et al. 2017, section 4) with the rescue of Faster R-CNN (Ren et al. 2015, 3.1.2).

    An anchor belongs to the box it overlaps most where that IoU is at least `positive_iou`, is background below
    `negative_iou` and ignored between. Every box also keeps the anchor it overlaps most, however little, even when
    another box overlaps that anchor more; two boxes with the same best anchor leave it to the larger IoU.
    """
    if len(target.boxes_xyxy) == 0:
        return all_background(image)
    iou = overlaps(target.boxes_xyxy, image.anchors_xyxy)  # (G, A)
    best_iou, best_box = iou.max(dim=0)
    assigned = best_box.masked_fill(best_iou < positive_iou, IGNORED).masked_fill(best_iou < negative_iou, BACKGROUND)
    return keep_best_anchors(assigned, iou)
