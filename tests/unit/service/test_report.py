import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hemascope.errors import InputUnreadableError, OutputError
from hemascope.hematology.differential import Specimen
from hemascope.hematology.taxonomy import Language
from hemascope.service.analyse import AnalysisOptions, analyse
from hemascope.service.inputs import Inputs, collect_inputs
from hemascope.service.problems import InputProblem
from hemascope.service.report import render_report, write_report
from hemascope.service.report_page import ReportLimits, gather_page
from hemascope.service.summary import read_summary
from hemascope.service.tables import CellRow, RowWriter, read_rows
from hemascope.service.texts import LANGUAGES, load_texts
from unit.service.fake_pipeline import MODELS, FakePipeline, paint_field

HOSTILE = "<script>alert('x')</script>&\"'"


class Page(HTMLParser):
    """Tags and their attributes, and the visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def analysed(tmp_path: Path, count: int = 2, **options: object) -> Path:
    paths = [str(paint_field(tmp_path / f"f{number}.png", number)) for number in range(count)]
    analyse(collect_inputs(paths), tmp_path / "out", FakePipeline(), MODELS, AnalysisOptions(**options))  # type: ignore[arg-type]
    return tmp_path / "out"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("specimen", list(Specimen))
@pytest.mark.parametrize("count", [0, 1, 3])
def test_report_renders(tmp_path: Path, language: Language, specimen: Specimen, count: int) -> None:
    html = render_report(analysed(tmp_path, count, specimen=specimen), language)
    assert load_texts(language).say(f"title_{specimen}") in html
    assert ("html", {"lang": "zh-CN" if language == "zh" else "en"}) in Page(html).tags


def test_report_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    html = render_report(analysed(tmp_path), "en")
    links = [
        value for _, attributes in Page(html).tags for name, value in attributes.items() if name in ("src", "href")
    ]
    assert links
    assert all(link is not None and link.startswith("data:image/jpeg;base64,") for link in links)
    assert "url(" not in html
    assert "default-src 'none'" in html


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    path = paint_field(tmp_path / "f.png").rename(tmp_path / f"{HOSTILE.replace('/', '')}.png")
    inputs = collect_inputs([str(path)])
    problem = InputProblem(file=HOSTILE, code="input_not_found", message=HOSTILE)
    inputs = Inputs(inputs.files, (problem,))
    analyse(inputs, tmp_path / "out", FakePipeline(), MODELS, AnalysisOptions(case_id=HOSTILE))
    page = Page((tmp_path / "out" / "report.html").read_text())
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count(HOSTILE) == 4  # page title, case, problem and its message


def test_research_use_line_repeats_in_print(tmp_path: Path) -> None:
    html = render_report(analysed(tmp_path), "en")
    assert re.search(r"@media print.*\.research-use \{ position: fixed", html, re.DOTALL)
    assert '<footer class="research-use">For Research Use Only. Not for use in diagnostic procedures.</footer>' in html


def test_report_names_the_models_with_their_whole_hashes(tmp_path: Path) -> None:
    html = render_report(analysed(tmp_path), "en")
    assert all(model.sha256 in html and model.name in html for model in MODELS)


def test_every_picture_has_a_description(tmp_path: Path) -> None:
    pictures = [attributes for tag, attributes in Page(render_report(analysed(tmp_path), "en")).tags if tag == "img"]
    assert len(pictures) == 2 + 6
    assert all(attributes["alt"] for attributes in pictures)


def test_gallery_shows_the_least_certain_first_and_unidentified_on_top(tmp_path: Path) -> None:
    out = analysed(tmp_path, 1)
    (cell, *_) = read_rows(out, CellRow)
    writer = RowWriter(out, CellRow)
    writer.append([replace(cell, probability=value / 10) for value in (7, 9, 6, 8)])
    writer.append([replace(cell, probability=0.3, unidentified=True, counted_as="unidentified")])
    writer.close()
    page = gather_page(out, read_summary(out), load_texts("en"), ReportLimits(cells_per_class=3))
    assert [gallery.name for gallery in page.galleries] == ["Unidentified", "Lymphocyte"]
    assert [picture.probability for picture in page.galleries[1].cells] == [0.6, 0.7, 0.8]
    assert page.galleries[1].note == "3 of 4 shown, the rest in crops/lymphocyte/"


def test_number_of_fields_is_bounded_and_said(tmp_path: Path) -> None:
    out = analysed(tmp_path, 3)
    page = gather_page(out, read_summary(out), load_texts("en"), ReportLimits(fields=2))
    assert len(page.fields) == 2
    assert page.fields_note == "2 of 3 fields shown, the rest in fields/, labelme/"


def test_field_has_a_box_for_every_detection(tmp_path: Path) -> None:
    out = analysed(tmp_path, 1)
    (field,) = gather_page(out, read_summary(out), load_texts("en"), ReportLimits()).fields
    assert [box.label for box in field.boxes] == ["", "", "1 Lymphocyte", "2 Segmented neutrophil", "3 Unidentified"]


def test_lost_pictures_are_said_and_not_fatal(tmp_path: Path) -> None:
    out = analysed(tmp_path, 1)
    for path in (*(out / "crops").rglob("*.png"), *(out / "fields").iterdir()):
        path.unlink()
    assert render_report(out, "en").count("picture missing") == 3 + 1


def test_blasts_are_not_reported_by_a_classifier_that_knows_none(tmp_path: Path) -> None:
    page = Page(render_report(analysed(tmp_path, specimen=Specimen.BONE_MARROW), "en"))
    assert "Blasts" not in page.text
    assert "A cell of any other kind, blasts included," in page.text


def test_table_that_points_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    out = analysed(tmp_path, 1)
    (cell, *_) = read_rows(out, CellRow)
    writer = RowWriter(out, CellRow)
    writer.append([replace(cell, crop="../f0.png")])
    writer.close()
    with pytest.raises(InputUnreadableError, match="outside"):
        render_report(out, "en")


@pytest.mark.parametrize("broken", ["summary.json", "cells.csv", "fields.csv", "labelme/f0.json"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff"])
def test_damaged_analysis_is_refused_by_name(tmp_path: Path, broken: str, content: bytes | None) -> None:
    out = analysed(tmp_path, 1)
    if content is None:
        (out / broken).unlink()
    else:
        (out / broken).write_bytes(content)
    with pytest.raises(InputUnreadableError, match=re.escape(broken)):
        render_report(out, "en")


def test_report_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    out = analysed(tmp_path, 1)
    (out / "report.html.part").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"report\.html"):
        write_report(out, "en")
