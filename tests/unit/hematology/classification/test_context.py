import pytest

from hemascope.errors import CountsError
from hemascope.hematology.classification.context import ClinicalContext, CountOf, Lesion, parse_context


def test_parse_context_reads_facts_and_leaves_the_rest_unknown() -> None:
    context = parse_context(
        '{"mpo_or_sbb_percent": 3, "lesions": ["PML::RARA"], "blood_blasts": {"count": 4, "of": 200}}'
    )

    assert context == ClinicalContext(
        mpo_or_sbb_percent=3, lesions=(Lesion.PML_RARA,), blood_blasts=CountOf(count=4, of=200)
    )
    assert context.auer_rods is None


def test_parse_context_tells_not_tested_from_none_found() -> None:
    assert parse_context("{}").lesions is None
    assert parse_context('{"lesions": []}').lesions == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "context: the document: Invalid JSON"),
        ("[]", "context: the document: "),
        ('{"mpo": 3}', "context: mpo: Extra inputs are not permitted; entries are mpo_or_sbb_percent, "),
        ('{"mpo_or_sbb_percent": 101}', "context: mpo_or_sbb_percent: Input should be less than or equal to 100"),
        ('{"blood_blasts": {"count": 9, "of": 5}}', "context: blood_blasts: .* 9 of 5 cells is no proportion"),
        ('{"blood_blasts": {"count": 0, "of": 0}}', "context: blood_blasts.of: "),
        ('{"lesions": ["FLT3"]}', "context: lesions.0: Input should be 'PML::RARA'"),
        ('{"lysozyme_times_normal": NaN}', "context: "),
    ],
)
def test_parse_context_names_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(CountsError, match=message):
        parse_context(text)


def test_parse_context_names_the_first_of_several_errors() -> None:
    with pytest.raises(CountsError, match="context: mpo_or_sbb_percent: "):
        parse_context('{"mpo_or_sbb_percent": -1, "myeloid_antigen_percent": -1, "lysozyme_times_normal": -1}')


@pytest.mark.parametrize(
    ("name", "highest"),
    [
        ("mpo_or_sbb_percent", 100), ("myeloid_antigen_percent", 100), ("nonspecific_esterase_percent", 100),
        ("lysozyme_times_normal", 1e6), ("blood_monocytes_e9_per_l", 1e6),
    ],
)  # fmt: skip
def test_context_takes_numbers_from_zero_to_what_is_possible(name: str, highest: float) -> None:
    for value in (0, 0.5, highest):
        assert getattr(ClinicalContext.model_validate({name: value}), name) == value
    for value in (-0.5, *([100.5] if highest == 100 else [])):
        with pytest.raises(ValueError, match="Input should be"):
            ClinicalContext.model_validate({name: value})


@pytest.mark.parametrize(("count", "of"), [(-1, 5), (0, 0), (6, 5)])
def test_count_of_refuses_what_is_no_proportion(count: int, of: int) -> None:
    with pytest.raises(ValueError, match="CountOf"):
        CountOf(count=count, of=of)


def test_count_of_takes_all_and_none_of_the_cells() -> None:
    assert [CountOf(count=count, of=5).count for count in (0, 5)] == [0, 5]
    assert CountOf(count=0, of=1).of == 1


@pytest.mark.parametrize(
    ("mpo", "antigen", "lymphoid", "lineage"),
    [
        (None, None, None, None),
        (3, None, None, "myeloid"),
        (80, None, None, "myeloid"),
        (0, None, True, "lymphoid"),
        (None, 90, False, "myeloid"),
        (2.9, None, None, None),
        (2.9, 20, False, "myeloid"),
        (None, 20, False, "myeloid"),
        (None, 19.9, False, None),
        (None, 20, None, None),
        (2.9, None, True, "lymphoid"),
        (3, None, True, None),  # contradicts itself
        (80, None, True, None),
        (None, None, True, None),
    ],
)
def test_blast_lineage_is_told_by_cytochemistry_and_flow(
    mpo: float | None, antigen: float | None, lymphoid: bool | None, lineage: str | None
) -> None:
    context = ClinicalContext(mpo_or_sbb_percent=mpo, myeloid_antigen_percent=antigen, lymphoid_markers=lymphoid)

    assert context.blast_lineage == lineage
