from pathlib import Path

import pytest

from hemascope.hematology.reference_tables import fill_page

PAGE = Path(__file__).parents[3] / "docs" / "hematology.md"


def test_hematology_page_agrees_with_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page.count("<!-- table: ") == 13
    assert fill_page(page) == page, "run: python tools/update_hematology_page.py"


def test_fill_page_replaces_what_is_old_and_leaves_the_rest() -> None:
    page = fill_page("before\n<!-- table: settings -->\nold\n<!-- end -->\nafter\n")

    assert page.startswith("before\n<!-- table: settings -->\n| Setting |")
    assert "| `nec_mode` | what is taken from ANC to get NEC | `erythroid_only` | [K] |" in page
    assert page.endswith("|\n<!-- end -->\nafter\n")


def test_fill_page_refuses_a_table_it_does_not_know() -> None:
    with pytest.raises(KeyError, match="prices"):
        fill_page("<!-- table: prices -->\n<!-- end -->")
