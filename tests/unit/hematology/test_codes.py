import pytest

from hemascope.hematology.codes import LOCAL, LOINC, NUCLEATED_RED_CELLS, PANEL_GROUNDS, panel_code, percentage_code
from hemascope.hematology.differential import Specimen
from hemascope.hematology.taxonomy import TAXONOMY


@pytest.mark.parametrize("specimen", Specimen)
def test_percentage_codes_are_unique_and_loinc_only_where_verified(specimen: Specimen) -> None:
    codes = [percentage_code(cell, specimen) for cell in TAXONOMY.values()]

    assert len({(code.system, code.code) for code in codes}) == len(codes)
    for code, cell in zip(codes, TAXONOMY.values(), strict=True):
        is_verified = specimen is Specimen.PERIPHERAL_BLOOD and cell.loinc is not None
        assert (code.system, code.hl7_table) == ((LOINC, "LN") if is_verified else (LOCAL, "99HEMA"))
        assert code.text


def test_panel_codes_have_grounds() -> None:
    codes = {panel_code(specimen).code for specimen in Specimen} | {NUCLEATED_RED_CELLS.code}

    assert codes == set(PANEL_GROUNDS)
