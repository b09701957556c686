"""What only detectors have: augmentation of fields, label assignment, the dense loss."""

from typing import Annotated, Literal

from pydantic import Field

from hemascope.training.recipe.values import Fraction, Frozen, NotNegative, Positive, Range


class DetectionAugmentation(Frozen):
    mosaic: Fraction = 0.5
    """share of samples made of four fields"""
    scale: Range = (0.6, 1.4)
    """size of the field relative to the input's longest side"""
    colour: NotNegative = 1.0
    """strength of colour and light changes; 0 switches them off"""
    blur: Fraction = 0.1
    """share of samples blurred a little"""


class MaxIouAssignment(Frozen):
    """Thresholds on the IoU of anchor and box (Lin et al. 2017); every box keeps its best anchor."""

    strategy: Literal["max_iou"]
    """which strategy this is"""
    positive_iou: Fraction = 0.5
    """an anchor is responsible for a box from this overlap on"""
    negative_iou: Fraction = 0.4
    """an anchor is background below this overlap; between the two it is ignored"""


class AtssAssignment(Frozen):
    """Adaptive training sample selection (Zhang et al. 2020)."""

    strategy: Literal["atss"]
    """which strategy this is"""
    candidates: Positive = 9
    """anchors a level that compete for a box"""


class PaaAssignment(Frozen):
    """Probabilistic anchor assignment (Kim and Lee 2020)."""

    strategy: Literal["paa"]
    """which strategy this is"""
    candidates: Positive = 9
    """anchors a level that compete for a box"""
    iou_power: NotNegative = 1.0
    """lambda: weight of the overlap beside the class probability in an anchor's score"""


class OtaAssignment(Frozen):
    """Optimal transport assignment (Ge et al. 2021)."""

    strategy: Literal["ota"]
    """which strategy this is"""
    dynamic_k: Positive = 20
    """best overlaps whose sum is the number of anchors that a box gets"""
    cost_weight: NotNegative = 1.5
    """weight of the box cost beside the class cost"""
    epsilon: Annotated[float, Field(gt=0)] = 0.1
    """entropic regularisation of Sinkhorn-Knopp"""
    iterations: Positive = 50
    """Sinkhorn-Knopp steps"""
    centre_radius: Annotated[float, Field(gt=0)] = 2.5
    """half the side of a box's centre region, in strides"""


Assignment = Annotated[
    MaxIouAssignment | AtssAssignment | PaaAssignment | OtaAssignment, Field(discriminator="strategy")
]


class DenseLoss(Frozen):
    """Loss of the RetinaNet family (thesis eq. 4.4); peers bring their own."""

    assignment: Assignment = AtssAssignment(strategy="atss")
    """which anchors answer for which box"""
    box: Literal["giou", "smooth_l1"] = "giou"
    """loss of the boxes: GIoU, or smooth L1 on the deltas as in the base network"""
    box_weight: NotNegative = 2.0
    """weight of the box loss beside the focal loss"""
    iou_weight: NotNegative = 1.0
    """weight of the IoU branch's loss"""
