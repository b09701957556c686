"""Writes the generated tables of docs/hematology.md anew: python tools/update_hematology_page.py"""

from pathlib import Path

from hemascope.hematology.reference_tables import fill_page

page = Path(__file__).parents[1] / "docs" / "hematology.md"
page.write_text(fill_page(page.read_text(encoding="utf-8")), encoding="utf-8")
