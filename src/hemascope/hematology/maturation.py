"""How far two classes lie apart in maturation: taking one stage for the next is not taking it for a lymphocyte."""

from typing import Final

from hemascope.hematology.taxonomy import Lineage, cell_class

SAME, NEIGHBOUR, SAME_LINEAGE, OTHER_LINEAGE = range(4)
DISTANCE_NAMES: Final = ("same class", "neighbouring stage", "same lineage", "other lineage")  # by distance


def stage_distance(first: str, second: str) -> int:
    """0 for the same class, 1 for a neighbouring or equal stage of one lineage, 2 for one lineage, 3 for two.

    A class and the more general one that it is a kind of count as neighbours. Raises CellClassUnknownError.
    """
    one, other = cell_class(first), cell_class(second)
    if one.id == other.id:
        return SAME
    if one.id in _kinds(second) or other.id in _kinds(first):
        return NEIGHBOUR
    if one.lineage is not other.lineage or one.lineage is Lineage.OTHER:
        return OTHER_LINEAGE
    if one.maturation is None or other.maturation is None or abs(one.maturation - other.maturation) > 1:
        return SAME_LINEAGE
    return NEIGHBOUR


def _kinds(class_id: str) -> set[str]:
    """The more general classes that a class is a kind of."""
    parent = cell_class(class_id).parent
    return set() if parent is None else {parent, *_kinds(parent)}
