"""Which anchor answers for which ground-truth box (thesis section 4.2.3): one interface, chosen by a recipe."""

from functools import partial

from hemascope.training.assignment.atss import assign_atss
from hemascope.training.assignment.candidates import BACKGROUND, IGNORED, Assigner, ImageCandidates
from hemascope.training.assignment.max_iou import assign_max_iou
from hemascope.training.assignment.ota import assign_ota
from hemascope.training.assignment.paa import assign_paa
from hemascope.training.recipe import Assignment, AtssAssignment, MaxIouAssignment, OtaAssignment, PaaAssignment

__all__ = ["BACKGROUND", "IGNORED", "Assigner", "ImageCandidates", "create_assigner"]


def create_assigner(choice: Assignment) -> Assigner:
    """The strategy that a recipe names, with its settings filled in."""
    match choice:
        case MaxIouAssignment():
            return partial(assign_max_iou, positive_iou=choice.positive_iou, negative_iou=choice.negative_iou)
        case AtssAssignment():
            return partial(assign_atss, candidates=choice.candidates)
        case PaaAssignment():
            return partial(assign_paa, candidates=choice.candidates, iou_power=choice.iou_power)
        case OtaAssignment():
            return partial(
                assign_ota,
                dynamic_k=choice.dynamic_k,
                cost_weight=choice.cost_weight,
                epsilon=choice.epsilon,
                iterations=choice.iterations,
                centre_radius=choice.centre_radius,
            )
