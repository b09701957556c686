from pathlib import Path

import pytest

from unit.cli.conftest import Command, paint_smear


@pytest.fixture
def analysis(hemascope: Command, bundles: Path, tmp_path: Path) -> Path:
    models = ("--detector", "tiny-detection", "--classifier", "tiny-classification")
    hemascope("analyze", paint_smear(tmp_path / "a.png"), *models, "--out", tmp_path / "out")
    return tmp_path / "out"


def test_report_is_rendered_again_in_another_language(hemascope: Command, analysis: Path) -> None:
    assert hemascope("report", analysis, "--lang", "zh") == (0, f"{analysis / 'report.html'}\n", "")
    assert "外周血白细胞分类计数报告" in (analysis / "report.html").read_text()


def test_report_rendered_again_is_the_same(hemascope: Command, analysis: Path) -> None:
    before = (analysis / "report.html").read_text()
    hemascope("report", analysis)
    assert (analysis / "report.html").read_text() == before


def test_folder_without_analysis_ends_with_2(hemascope: Command, tmp_path: Path) -> None:
    outcome = hemascope("report", tmp_path)
    assert outcome.code == 2
    assert "holds no analysis" in outcome.err
