import math
import random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hemascope.errors import CountsError
from hemascope.hematology.differential import (
    MAX_COUNT,
    CountWarning,
    Differential,
    DifferentialRow,
    Specimen,
    differential,
)
from hemascope.hematology.settings import DifferentialSettings, NecMode
from hemascope.hematology.taxonomy import TAXONOMY

BLOOD, MARROW = Specimen.PERIPHERAL_BLOOD, Specimen.BONE_MARROW

counts_by_class = st.dictionaries(st.sampled_from(sorted(TAXONOMY)), st.integers(0, 2000))
specimens = st.sampled_from(Specimen)


def _row(result: Differential, class_id: str) -> DifferentialRow:
    return next(row for row in result.rows if row.class_id == class_id)


@given(counts_by_class, specimens)
def test_differential_has_percentages_that_sum_to_100(counts: dict[str, int], specimen: Specimen) -> None:
    result = differential(counts, specimen)
    percentages = [row.percent for row in result.rows if row.percent is not None]

    assume(result.denominator > 0)
    assert math.fsum(percentages) == pytest.approx(100, abs=1e-9)
    assert result.total == sum(counts.values())


@given(counts_by_class, specimens)
def test_differential_has_limits_around_each_percentage(counts: dict[str, int], specimen: Specimen) -> None:
    for row in differential(counts, specimen).rows:
        if row.percent is not None and row.percent_low is not None and row.percent_high is not None:
            assert 0 <= row.percent_low <= row.percent <= row.percent_high <= 100


@given(counts_by_class, specimens, st.randoms(use_true_random=False))
def test_differential_does_not_depend_on_class_order(
    counts: dict[str, int], specimen: Specimen, shuffler: random.Random
) -> None:
    items = list(counts.items())
    shuffler.shuffle(items)

    assert differential(dict(items), specimen) == differential(counts, specimen)


@given(counts_by_class, specimens)
def test_differential_changes_only_by_empty_rows_when_zero_counts_are_added(
    counts: dict[str, int], specimen: Specimen
) -> None:
    bare = differential(counts, specimen)
    filled = differential(dict.fromkeys(TAXONOMY, 0) | counts, specimen)

    assert filled.model_copy(update={"rows": bare.rows}) == bare
    assert [row for row in filled.rows if row.class_id in counts] == list(bare.rows)


@given(counts_by_class, specimens, st.integers(2, 9))
def test_differential_keeps_percentages_and_narrows_limits_when_the_same_smear_is_counted_again(
    counts: dict[str, int], specimen: Specimen, times: int
) -> None:
    once = differential(counts, specimen)
    merged = differential({class_id: times * count for class_id, count in counts.items()}, specimen)

    for before, after in zip(once.rows, merged.rows, strict=True):
        assert after.count == times * before.count
        if before.percent is not None:
            assert after.percent == pytest.approx(before.percent)
            assert after.percent_high - after.percent_low < before.percent_high - before.percent_low


@given(counts_by_class, specimens)
def test_differential_survives_a_round_trip_through_json(counts: dict[str, int], specimen: Specimen) -> None:
    result = differential(counts, specimen)

    assert Differential.model_validate_json(result.model_dump_json(by_alias=True)) == result


def test_differential_of_blood_keeps_nucleated_red_and_smudge_cells_out_of_the_100() -> None:
    counts = {"segmented_neutrophil": 60, "lymphocyte": 40, "erythroblast": 6, "proerythroblast": 2, "smudge_cell": 5}

    result = differential(counts, BLOOD)

    assert result.denominator == 100
    assert _row(result, "segmented_neutrophil").percent == 60
    assert _row(result, "erythroblast").percent is None
    assert _row(result, "erythroblast").per_100_wbc == 6
    assert result.blood is not None
    assert (result.blood.nrbc_per_100_wbc.value, result.blood.smudge_per_100_wbc.value) == (8, 5)
    assert result.marrow is None


def test_differential_of_marrow_counts_erythroblasts_but_not_what_icsh_leaves_out() -> None:
    counts = {
        "myelocyte": 30,
        "erythroblast": 60,
        "mast_cell": 10,
        "megakaryocyte": 7,
        "macrophage": 3,
        "smudge_cell": 9,
    }

    result = differential(counts, MARROW)

    assert result.denominator == 100
    assert _row(result, "erythroblast").percent == 60
    assert _row(result, "smudge_cell").per_100_wbc is None
    assert result.blood is None


def test_differential_of_marrow_gives_blasts_of_anc_and_of_nec() -> None:
    # Erythroleukaemia example: 14 % of all cells are 40 % of the non-erythroid ones.
    result = differential({"erythroblast": 65, "myeloblast": 14, "segmented_neutrophil": 21}, MARROW)

    assert result.marrow is not None
    assert (result.marrow.anc, result.marrow.nec) == (100, 35)
    assert result.blasts.percent == 14
    assert result.marrow.blasts_of_nec.percent == 40
    assert result.marrow.erythroblasts.percent == 65


@pytest.mark.parametrize(
    ("mode", "nec"),
    [
        (NecMode.ERYTHROID_ONLY, 75),
        (NecMode.STRICT, 45),  # without 20 lymphocytes, 5 hairy cells, 3 plasma and 2 mast cells; lymphoblasts stay
    ],
)
def test_differential_takes_from_nec_what_the_mode_says(mode: NecMode, nec: int) -> None:
    counts = {
        "orthochromatic_erythroblast": 25,
        "segmented_neutrophil": 35,
        "lymphoblast": 10,
        "lymphocyte": 20,
        "hairy_cell": 5,
        "plasma_cell": 3,
        "mast_cell": 2,
        "macrophage": 4,
    }

    result = differential(counts, MARROW, DifferentialSettings(nec_mode=mode))

    assert result.marrow is not None
    assert result.marrow.nec == nec
    assert result.marrow.blasts_of_nec.of == nec


@pytest.mark.parametrize(
    ("blasts", "monocytes", "myeloid"),
    [(True, True, 31), (False, True, 24), (True, False, 23), (False, False, 20)],
)
def test_differential_counts_as_myeloid_what_the_settings_say(blasts: bool, monocytes: bool, myeloid: int) -> None:
    counts = {
        "segmented_neutrophil": 15,
        "eosinophil": 5,
        "myeloblast": 1,
        "blast": 2,
        "monoblast": 4,
        "monocyte": 3,
        "promonocyte": 1,
        "lymphoblast": 50,
        "megakaryoblast": 50,
        "mast_cell": 50,
        "erythroblast": 8,
        "polychromatic_erythroblast": 2,
    }
    settings = DifferentialSettings(me_includes_blasts=blasts, me_includes_monocytes=monocytes)

    result = differential(counts, MARROW, settings)

    assert result.marrow is not None
    ratio = result.marrow.myeloid_to_erythroid
    assert (ratio.numerator, ratio.denominator, ratio.value) == (myeloid, 10, myeloid / 10)


def test_differential_has_no_ratio_when_there_are_no_erythroblasts() -> None:
    result = differential({"myelocyte": 5}, MARROW)

    assert result.marrow is not None
    assert result.marrow.myeloid_to_erythroid.value is None


@pytest.mark.parametrize(
    ("specimen", "counts", "warnings"),
    [
        (BLOOD, {}, [CountWarning.NO_CELLS]),
        (BLOOD, {"platelet": 7}, [CountWarning.NO_CELLS]),
        (BLOOD, {"lymphocyte": 99}, [CountWarning.TOO_FEW_CELLS]),
        (BLOOD, {"lymphocyte": 100}, [CountWarning.BELOW_RECOMMENDED]),
        (BLOOD, {"lymphocyte": 199}, [CountWarning.BELOW_RECOMMENDED]),
        (BLOOD, {"lymphocyte": 200}, []),
        (MARROW, {"lymphocyte": 499}, [CountWarning.TOO_FEW_CELLS]),
        (MARROW, {"lymphocyte": 500}, []),
        (BLOOD, {"lymphocyte": 900, "unidentified": 100}, []),  # exactly 10 %
        (BLOOD, {"lymphocyte": 899, "unidentified": 101}, [CountWarning.MANY_UNIDENTIFIED]),
        (MARROW, {"unidentified": 3}, [CountWarning.NO_CELLS, CountWarning.MANY_UNIDENTIFIED]),
    ],
)
def test_differential_warns_exactly_from_the_limit_on(
    specimen: Specimen, counts: dict[str, int], warnings: list[CountWarning]
) -> None:
    assert list(differential(counts, specimen).warnings) == warnings


def test_differential_has_no_percentages_when_nothing_counts() -> None:
    result = differential({"lymphocyte": 0, "erythroblast": 4}, BLOOD)

    assert _row(result, "lymphocyte").percent is None
    assert _row(result, "erythroblast").per_100_wbc is None
    assert result.unidentified.percent is None


def test_differential_adds_smudge_cells_to_lymphocytes_of_blood_when_set() -> None:
    counts = {"lymphocyte": 150, "smudge_cell": 50, "segmented_neutrophil": 50}
    settings = DifferentialSettings(smudge_as_lymphocytes=True)

    blood = differential(counts, BLOOD, settings)
    marrow = differential(counts, MARROW, settings)

    assert (_row(blood, "lymphocyte").percent, blood.denominator, blood.total) == (80, 250, 250)
    assert blood.blood is not None
    assert blood.blood.smudge_per_100_wbc.value == 20
    assert CountWarning.SMUDGE_AS_LYMPHOCYTES in blood.warnings
    assert _row(marrow, "lymphocyte").percent == 75
    assert CountWarning.SMUDGE_AS_LYMPHOCYTES not in marrow.warnings


def test_differential_takes_numpy_integers_and_gives_plain_ones() -> None:
    result = differential({"lymphocyte": np.int64(3)}, BLOOD)

    assert type(result.rows[0].count) is int


@pytest.mark.parametrize("count", [-1, 1.0, 1.5, math.nan, "3", None, True, MAX_COUNT + 1])
def test_differential_names_the_class_when_a_count_is_no_whole_number(count: object) -> None:
    with pytest.raises(CountsError, match=r"count of 'monocyte' is .*; expected a whole number from 0 to 1000000000"):
        differential({"lymphocyte": 2, "monocyte": count}, BLOOD)  # type: ignore[dict-item]


def test_differential_names_nearest_and_allowed_ids_when_class_is_unknown() -> None:
    with pytest.raises(CountsError, match=r"unknown class 'monocytes' \(did you mean 'monocyte'\?\); allowed: blast, "):
        differential({"monocytes": 2}, BLOOD)


@pytest.mark.parametrize("class_id", ["wbc", "rbc"])
def test_differential_refuses_classes_that_only_a_detector_gives(class_id: str) -> None:
    with pytest.raises(CountsError, match=f"unknown class '{class_id}'"):
        differential({class_id: 2}, BLOOD)
