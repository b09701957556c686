from pathlib import Path

import pytest

from hemascope.hematology.taxonomy import Language
from hemascope.service.analyse import AnalysisOptions, analyse
from hemascope.service.inputs import collect_inputs
from hemascope.service.report import render_report
from hemascope.service.report_suggestions import worded_suggestions
from hemascope.service.summary import AnalysisSummary, read_summary
from unit.service.fake_pipeline import MODELS, FakePipeline, paint_field


@pytest.fixture
def analysed(tmp_path: Path) -> Path:
    inputs = collect_inputs([str(paint_field(tmp_path / "f.png"))])
    analyse(inputs, tmp_path / "out", FakePipeline(), MODELS, AnalysisOptions())
    return tmp_path / "out"


def _with_counts(summary: AnalysisSummary, **counts: int) -> AnalysisSummary:
    return summary.model_copy(update={"cells": summary.cells.model_copy(update={"counted": counts})})


def test_suggestions_of_an_analysis_are_withheld_until_a_person_has_reviewed_it(analysed: Path) -> None:
    words = worded_suggestions(_with_counts(read_summary(analysed), segmented_neutrophil=900), "en")

    assert words.systems[0].verdict == "not applicable: this table needs a marrow differential"
    for system in words.systems[1:]:
        assert system.verdict == "no suggestion (rule X1)"
        assert "no qualified person has reviewed the cells" in system.lines
        assert any("not derivable from this model's classes" in line for line in system.lines)


def test_suggestions_of_an_analysis_raise_the_apl_alert_all_the_same(analysed: Path) -> None:
    words = worded_suggestions(_with_counts(read_summary(analysed), faggot_cell=1), "en")

    assert words.urgent is not None
    assert words.urgent.startswith("URGENT")


@pytest.mark.parametrize(("language", "heading"), [("en", "Suggestion"), ("zh", "建议")])
def test_report_shows_the_three_systems_with_their_rules(analysed: Path, language: Language, heading: str) -> None:
    html = render_report(analysed, language)

    assert f'<h2 id="suggestions">{heading}</h2>' in html
    assert all(title in html for title in ("FAB 1976/1985", "WHO 2022", "ICC 2022", "W3-IB2"))
