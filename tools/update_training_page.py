"""Writes the generated tables of docs/training.md anew: python tools/update_training_page.py"""

from pathlib import Path

from hemascope.training.recipe_tables import fill_page

page = Path(__file__).parents[1] / "docs" / "training.md"
page.write_text(fill_page(page.read_text(encoding="utf-8")), encoding="utf-8")
