import pytest

from hemascope.hematology.classification.context import LymphoblastFeatures
from hemascope.hematology.classification.fab_all import describe_lymphoblasts

# high N:C, low N:C, small nucleoli, prominent nucleoli, irregular membrane, large cells
ROWS = [
    ((75, 0, 75, 0, 0, 0), "L1", 2),
    ((100, 0, 100, 0, 0, 0), "L1", 2),
    ((74.9, 0, 75, 0, 0, 0), "L1", 1),
    ((75, 0, 74.9, 0, 0, 0), "L1", 1),
    ((0, 0, 0, 0, 0, 0), "L1", 0),
    ((0, 25, 0, 0, 0, 0), "L2", -1),
    ((0, 24.9, 0, 0, 0, 0), "L1", 0),
    ((0, 0, 0, 25, 0, 0), "L2", -1),
    ((0, 0, 0, 24.9, 0, 0), "L1", 0),
    ((0, 0, 0, 0, 25, 0), "L2", -1),
    ((0, 0, 0, 0, 24.9, 0), "L1", 0),
    ((0, 0, 0, 0, 0, 50), "L2", -1),
    ((0, 0, 0, 0, 0, 49.9), "L1", 0),
    ((0, 100, 0, 100, 100, 100), "L2", -4),
    ((75, 25, 75, 25, 25, 0), "L2", -1),
]


def _features(shares: tuple[float, ...], *, l3: bool) -> LymphoblastFeatures:
    names = [name for name in LymphoblastFeatures.model_fields if name != "basophilic_and_vacuolated"]
    return LymphoblastFeatures.model_validate(dict(zip(names, shares, strict=True)) | {"basophilic_and_vacuolated": l3})


@pytest.mark.parametrize(("shares", "kind", "score"), ROWS)
def test_lymphoblasts_are_scored_as_fab_1981_did(shares: tuple[float, ...], kind: str, score: int) -> None:
    names = ("high_nc_ratio", "low_nc_ratio", "small_or_no_nucleoli", "prominent_nucleoli")
    assert tuple(LymphoblastFeatures.model_fields)[:4] == names

    found = describe_lymphoblasts(_features(shares, l3=False))

    assert (found.type, found.score) == (kind, score)


def test_lymphoblasts_are_l3_by_cytoplasm_whatever_the_score() -> None:
    assert describe_lymphoblasts(_features((75, 0, 75, 0, 0, 0), l3=True)).type == "L3"
