import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.errors import CellClassUnknownError
from hemascope.hematology.maturation import stage_distance
from hemascope.hematology.taxonomy import TAXONOMY

IDS = st.sampled_from(sorted(TAXONOMY))


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("myelocyte", "myelocyte", 0),
        ("myelocyte", "metamyelocyte", 1),
        ("metamyelocyte", "band_neutrophil", 1),
        ("lymphocyte", "atypical_lymphocyte", 1),
        ("neutrophil", "band_neutrophil", 1),
        ("blast", "myeloblast", 1),
        ("promyelocyte", "metamyelocyte", 2),
        ("eosinophil", "segmented_neutrophil", 2),
        ("platelet", "megakaryoblast", 2),
        ("blast", "lymphocyte", 3),
        ("monocyte", "lymphocyte", 3),
        ("artefact", "smudge_cell", 3),
    ],
)
def test_distance_follows_lineage_and_stage(first: str, second: str, distance: int) -> None:
    assert stage_distance(first, second) == distance


@given(IDS, IDS)
def test_distance_is_the_same_both_ways_and_zero_only_for_the_same_class(first: str, second: str) -> None:
    assert stage_distance(first, second) == stage_distance(second, first)
    assert (stage_distance(first, second) == 0) == (first == second)


def test_unknown_class_has_no_distance() -> None:
    with pytest.raises(CellClassUnknownError, match="monocyt"):
        stage_distance("monocyt", "monocyte")
