import pytest

from hemascope.errors import CountsError
from hemascope.hematology.differential import Ratio
from hemascope.hematology.leucocytes import (
    BloodSettings,
    correct_leucocytes,
    estimate_leucocytes,
    estimate_platelets,
)


def _per_100(red_cells: int, leucocytes: int = 100) -> Ratio:
    return Ratio(
        numerator=red_cells, denominator=leucocytes, value=100 * red_cells / leucocytes if leucocytes else None
    )


def test_correct_leucocytes_repeats_the_published_example() -> None:
    found = correct_leucocytes(17_400, _per_100(8), is_already_corrected=False)

    assert round(found.value) == 16_111
    assert found.is_corrected


@pytest.mark.parametrize(
    ("ratio", "limit", "is_corrected"),
    [
        (_per_100(5), 5, True),
        (_per_100(9, 200), 5, False),  # 4.5 per 100
        (_per_100(10, 200), 5, True),
        (_per_100(9), 10, False),
        (_per_100(10), 10, True),
        (_per_100(1), 0, True),
    ],
)
def test_correct_leucocytes_starts_exactly_at_the_limit(ratio: Ratio, limit: float, is_corrected: bool) -> None:
    settings = BloodSettings(nrbc_correction_from=limit)

    assert correct_leucocytes(10, ratio, settings, is_already_corrected=False).is_corrected == is_corrected


def test_correct_leucocytes_never_corrects_twice() -> None:
    found = correct_leucocytes(17_400, _per_100(50), is_already_corrected=True)

    assert (found.value, found.is_corrected) == (17_400, False)


@pytest.mark.parametrize(("counted", "ratio"), [(-1, _per_100(8)), (10, _per_100(8, 0))])
def test_correct_leucocytes_refuses_what_cannot_be_corrected(counted: float, ratio: Ratio) -> None:
    with pytest.raises(CountsError, match="cannot be corrected"):
        correct_leucocytes(counted, ratio, is_already_corrected=False)


def test_estimates_are_mean_per_field_times_the_site_factor() -> None:
    assert estimate_leucocytes(35, 10) == 7
    assert estimate_platelets(150, 10) == 225
    assert estimate_platelets(150, 10, BloodSettings(platelets_e9_per_l_per_field=20)) == 300


@pytest.mark.parametrize(("cells", "fields"), [(5, 0), (-1, 4)])
def test_estimates_need_fields(cells: int, fields: int) -> None:
    with pytest.raises(CountsError, match="give no estimate"):
        estimate_leucocytes(cells, fields)
