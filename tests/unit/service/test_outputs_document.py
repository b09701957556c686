from pathlib import Path

import pytest

from hemascope.service.summary import AnalysisSummary
from hemascope.service.tables import CellRow, FieldRow, column_names

DOCUMENT = (Path(__file__).parents[3] / "docs" / "outputs.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted({*column_names(CellRow), *column_names(FieldRow)}))
def test_every_column_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize("name", AnalysisSummary.model_json_schema()["properties"])
def test_every_key_of_the_summary_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCUMENT
