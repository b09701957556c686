import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from hemascope.cli.differential import differential
from hemascope.errors import CountsError, InputNotFoundError, InputUnreadableError

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


def test_differential_counts_cells_when_given_one_row_a_cell(counts_csv: Path) -> None:
    counts_csv.write_text("file,class,probability\na.png,basophil,0.9\nb.png,basophil,0.8\n", encoding="utf-8")

    result = _run(counts_csv, "--specimen", "peripheral-blood", "--json")

    assert json.loads(result.stdout)["rows"][0]["count"] == 2
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the counts table is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff", "is not UTF-8 text; save the table as 'CSV UTF-8'"),
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
