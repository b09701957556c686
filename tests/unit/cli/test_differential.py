import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from hemascope.cli.differential import differential
from hemascope.errors import CellClassUnknownError, CountsError, InputNotFoundError, InputUnreadableError

app = typer.Typer()
app.command()(differential)

BLOOD = "class,count\nsegmented_neutrophil,120\nlymphocyte,60\nerythroblast,9\nunidentified,40\n"
MARROW = "class,count\nmyeloblast,14\nerythroblast,65\nsegmented_neutrophil,21\n"


def _run(table: Path, *options: str) -> Result:
    return CliRunner().invoke(app, [str(table), *options], env={"COLUMNS": "100"})


@pytest.fixture
def counts_csv(tmp_path: Path) -> Path:
    return tmp_path / "计数.csv"


def test_differential_prints_blood_table_with_limits_ratios_and_warnings(counts_csv: Path) -> None:
    counts_csv.write_text(BLOOD, encoding="utf-8-sig")

    result = _run(counts_csv, "--specimen", "peripheral-blood")

    assert result.exit_code == 0
    for text in (
        "Differential count, peripheral blood",
        "66.7 │     59.3–73.5",
        "Nucleated red cells per 100 WBC: 9 / 180 = 5.0",
        "Warning: 180 cells; 200 are recommended",
        "Warning: 18.2 % of the cells are Unidentified (limit 10 %)",
        "For Research Use Only. Not for use in diagnostic procedures.",
    ):
        assert text in result.stdout


def test_differential_prints_marrow_figures_in_chinese(counts_csv: Path) -> None:
    counts_csv.write_text(MARROW, encoding="utf-8")

    result = _run(counts_csv, "--specimen", "bone-marrow", "--lang", "zh")

    assert result.exit_code == 0
    for text in (
        "原始粒细胞",
        "原始细胞占NEC: 14 / 35 = 40.0 %",
        "(M:E): 35 / 65 = 0.5",
        "警告: 仅计数100个细胞",
        "仅供研究使用",
    ):
        assert text in result.stdout


def test_differential_prints_a_dash_where_nothing_can_be_computed(counts_csv: Path) -> None:
    counts_csv.write_text("class,count\nlymphocyte,0\n", encoding="utf-8")

    result = _run(counts_csv, "--specimen", "bone-marrow")

    assert "M:E: 0 / 0 = –" in result.stdout
    assert "Warning: no cell of the differential was counted" in result.stdout


def test_differential_prints_one_json_document_and_notes_on_stderr(counts_csv: Path) -> None:
    counts_csv.write_text(MARROW + "myeloblast,6\n", encoding="utf-8")

    result = _run(counts_csv, "--specimen", "bone-marrow", "--json")

    document = json.loads(result.stdout)
    assert document["schema"] == "hemascope.differential/1"
    assert document["research_use"].startswith("For Research Use Only.")
    assert document["rows"][0]["class"] == "myeloblast"
    assert document["rows"][0]["count"] == 20
    assert document["marrow"]["nec"] == 41
    assert result.stderr == "Note: several rows were added up for: Myeloblast\n"


LEUKAEMIC = "class,count\nmyeloblast,450\nmyelocyte,250\nmonocyte,300\n"


def test_differential_prints_three_suggestions_with_their_trace(counts_csv: Path) -> None:
    counts_csv.write_text(LEUKAEMIC, encoding="utf-8")

    result = _run(counts_csv, "--specimen", "bone-marrow")

    assert result.exit_code == 0
    for text in (
        "Suggestion: FAB 1976/1985: AML M4 (myelomonocytic) (rule F4)",
        "Suggestion: WHO 2022 (5th edition): AML",
        "Suggestion: ICC 2022: AML",
        "Missing: genetics",
        "F6  AML M6 (erythroleukaemia): not met",
        "erythroblasts of ANC >= 50 %: 0 of 1000 → not met",
        "Source [V]: http://hmds.org.uk/aml.html",
        "Suggestions for a qualified person.",
    ):
        assert text in result.stdout


def test_differential_uses_the_facts_of_a_context_file_in_chinese(counts_csv: Path, tmp_path: Path) -> None:
    counts_csv.write_text(LEUKAEMIC, encoding="utf-8")
    facts = tmp_path / "facts.json"
    facts.write_text('{"lesions": ["PML::RARA"], "reviewed": false}', encoding="utf-8")

    result = _run(counts_csv, "--specimen", "bone-marrow", "--lang", "zh", "--context", str(facts))

    assert "紧急：疑似急性早幼粒细胞白血病（检出PML::RARA）" in result.stdout
    assert result.stdout.count("不作建议（规则X1）") == 3
    assert "细胞尚未经有资质人员复核" in result.stdout


def test_differential_json_holds_the_suggestions_and_every_rule(counts_csv: Path) -> None:
    counts_csv.write_text(LEUKAEMIC, encoding="utf-8")

    document = json.loads(_run(counts_csv, "--specimen", "bone-marrow", "--json").stdout)

    found = document["suggestions"]
    assert found["schema"] == "hemascope.suggestions/1"
    assert [found[system]["rule_id"] for system in ("fab", "who2022", "icc2022")] == ["F4", "W1", "I1"]
    assert len(found["fab"]["trace"]) == 13


def test_differential_takes_cells_csv_of_an_analysis_as_unreviewed(counts_csv: Path) -> None:
    counts_csv.write_text("class,counted_as\n" + "myeloblast,myeloblast\n" * 500, encoding="utf-8")

    document = json.loads(_run(counts_csv, "--specimen", "bone-marrow", "--json").stdout)

    assert document["suggestions"]["who2022"]["withheld"] == ["unreviewed"]


def test_differential_derives_nothing_that_the_model_cannot_know(counts_csv: Path) -> None:
    counts_csv.write_text("class,count\nlymphocyte,900\n", encoding="utf-8")
    options = ("--specimen", "bone-marrow", "--model-classes")

    found = _run(counts_csv, *options, "lymphocyte, monocyte")

    assert "not derivable from this model's classes; it does not know: Blast" in found.stdout
    assert isinstance(_run(counts_csv, *options, "limfocyte").exception, CellClassUnknownError)


def test_differential_refuses_a_context_that_is_missing_or_wrong(counts_csv: Path, tmp_path: Path) -> None:
    counts_csv.write_text(LEUKAEMIC, encoding="utf-8")
    wrong = tmp_path / "facts.json"
    wrong.write_text('{"mpo": 3}', encoding="utf-8")

    for path, error in ((wrong, CountsError), (tmp_path / "none.json", InputNotFoundError)):
        result = _run(counts_csv, "--specimen", "bone-marrow", "--context", str(path))
        assert isinstance(result.exception, error)


def test_differential_counts_cells_when_given_one_row_a_cell(counts_csv: Path) -> None:
    counts_csv.write_text("file,class,probability\na.png,basophil,0.9\nb.png,basophil,0.8\n", encoding="utf-8")

    result = _run(counts_csv, "--specimen", "peripheral-blood", "--json")

    assert json.loads(result.stdout)["rows"][0]["count"] == 2
    assert json.loads(result.stdout)["suggestions"]["context"]["reviewed"] is None
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the counts table is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff", "is not UTF-8 text; save it as UTF-8"),
        (b"\x00\x00\x00\x01", "line 1: the columns are"),
        ("class,count\nlymphocyte,4".encode("utf-16"), "is not UTF-8 text"),
    ],
)
def test_differential_refuses_a_file_that_is_no_table(counts_csv: Path, content: bytes, message: str) -> None:
    counts_csv.write_bytes(content)

    with pytest.raises(CountsError, match=message):
        CliRunner().invoke(app, [str(counts_csv), "--specimen", "bone-marrow"], catch_exceptions=False)


def test_differential_refuses_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path, error in ((tmp_path / "none.csv", InputNotFoundError), (tmp_path, InputUnreadableError)):
        assert isinstance(_run(path, "--specimen", "bone-marrow").exception, error)


@pytest.mark.parametrize("options", [[], ["--specimen", "blood"], ["--specimen", "bone-marrow", "--lang", "fr"]])
def test_differential_shows_usage_when_options_are_missing_or_wrong(counts_csv: Path, options: list[str]) -> None:
    counts_csv.write_text(BLOOD, encoding="utf-8")

    assert _run(counts_csv, *options).exit_code == 2
