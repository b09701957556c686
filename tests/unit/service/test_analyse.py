import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hemascope.errors import BundleError, OutputError
from hemascope.hematology.differential import Specimen
from hemascope.service.analyse import AnalysisOptions, AnalysisWatch, analyse
from hemascope.service.inputs import InputFile, Inputs, collect_inputs
from hemascope.service.problems import InputProblem
from hemascope.service.summary import AnalysisSummary, read_summary
from hemascope.service.tables import CellRow, FieldRow, read_rows
from unit.service.fake_pipeline import BOXES_XYXY, MODELS, FakePipeline, paint_field


def fields(folder: Path, count: int) -> Inputs:
    return collect_inputs([str(paint_field(folder / f"f{number}.png", number)) for number in range(count)])


def run(inputs: Inputs, out: Path, pipeline: FakePipeline, **options: object) -> AnalysisSummary:
    return analyse(inputs, out, pipeline, MODELS, AnalysisOptions(**options))  # type: ignore[arg-type]


def listed(out: Path) -> list[str]:
    return [row.file.rpartition("/")[2] for row in read_rows(out, FieldRow)]


def test_every_promised_file_is_written(tmp_path: Path, pipeline: FakePipeline) -> None:
    run(fields(tmp_path, 2), tmp_path / "out", pipeline)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "report.html", "cells.csv", "fields.csv", "summary.json", "crops", "fields", "coco.json", "labelme"
    }  # fmt: skip


def test_no_field_gives_an_empty_analysis(tmp_path: Path, pipeline: FakePipeline) -> None:
    summary = run(Inputs((), ()), tmp_path / "out", pipeline)
    assert (summary.fields.analysed, summary.differential.total, summary.interrupted) == (0, 0, False)
    assert list(read_rows(tmp_path / "out", CellRow)) == []
    assert json.loads((tmp_path / "out" / "coco.json").read_text())["images"] == []


def test_summary_counts_what_the_tables_list(tmp_path: Path, pipeline: FakePipeline) -> None:
    summary = run(fields(tmp_path, 2), tmp_path / "out", pipeline)
    assert summary.cells.detected == {"wbc": 6, "rbc": 2, "platelet": 2}
    assert summary.cells.counted == {
        "lymphocyte": 2, "segmented_neutrophil": 2, "erythroblast": 0, "unidentified": 2
    }  # fmt: skip
    assert summary.differential.denominator == 4
    assert [row.counted_as for row in read_rows(tmp_path / "out", CellRow)] == [
        "lymphocyte", "segmented_neutrophil", "unidentified"
    ] * 2  # fmt: skip


def test_summary_reads_back_as_it_was_written(tmp_path: Path, pipeline: FakePipeline) -> None:
    summary = run(fields(tmp_path, 1), tmp_path / "out", pipeline, case_id="A 1", specimen=Specimen.BONE_MARROW)
    assert read_summary(tmp_path / "out") == summary
    written = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert written["schema"] == "hemascope.summary/1"
    assert written["research_use"] == "For Research Use Only. Not for use in diagnostic procedures."


def test_unidentified_cell_keeps_its_best_class_and_scores(tmp_path: Path, pipeline: FakePipeline) -> None:
    run(fields(tmp_path, 1), tmp_path / "out", pipeline)
    cell = list(read_rows(tmp_path / "out", CellRow))[2]
    assert (cell.class_, cell.runner_up, cell.counted_as) == ("lymphocyte", "segmented_neutrophil", "unidentified")
    assert cell.unidentified
    assert 1 / 3 < cell.probability < 0.5
    assert cell.ood_score == pytest.approx(1.302, abs=0.001)
    assert cell.crop.startswith("crops/unidentified/")


def test_crop_files_hold_the_pixels_of_the_cells(tmp_path: Path, pipeline: FakePipeline) -> None:
    inputs = fields(tmp_path, 1)
    run(inputs, tmp_path / "out", pipeline)
    cell = next(iter(read_rows(tmp_path / "out", CellRow)))
    crop = np.asarray(Image.open(tmp_path / "out" / cell.crop))
    field = np.asarray(Image.open(inputs.files[0].path))
    assert crop.shape == (26, 26, 3)  # 1.2 x 22
    assert (crop == field[6:32, 6:32]).all()


def test_labelme_file_names_its_image_and_has_every_box(tmp_path: Path, pipeline: FakePipeline) -> None:
    run(fields(tmp_path, 1), tmp_path / "out", pipeline)
    document = json.loads((tmp_path / "out" / "labelme" / "f0.json").read_text())
    assert (tmp_path / "out" / "labelme" / document["imagePath"]).resolve() == (tmp_path / "f0.png").resolve()
    assert [shape["flags"] for shape in document["shapes"]] == [{"proposed": True}] * len(document["shapes"])
    assert (document["imageHeight"], document["imageWidth"], document["imageData"]) == (64, 80, None)
    assert [shape["label"] for shape in document["shapes"]] == [
        "lymphocyte", "segmented_neutrophil", "red_cell", "unidentified", "platelet"
    ]  # fmt: skip
    assert document["shapes"][0]["points"] == [list(BOXES_XYXY[0][:2]), list(BOXES_XYXY[0][2:])]
    assert {"version", "flags"} <= document.keys()


def test_coco_file_joins_images_categories_and_boxes(tmp_path: Path, pipeline: FakePipeline) -> None:
    run(fields(tmp_path, 2), tmp_path / "out", pipeline)
    coco = json.loads((tmp_path / "out" / "coco.json").read_text())
    names = {category["id"]: category["name"] for category in coco["categories"]}
    assert [annotation["id"] for annotation in coco["annotations"]] == list(range(1, 11))
    assert {annotation["image_id"] for annotation in coco["annotations"]} == {image["id"] for image in coco["images"]}
    assert coco["annotations"][0]["bbox"] == [8, 8, 22, 22]
    assert names[coco["annotations"][2]["category_id"]] == "red_cell"


def test_same_names_in_different_folders_do_not_overwrite_each_other(tmp_path: Path, pipeline: FakePipeline) -> None:
    for seed, folder in enumerate(("a", "b")):
        paint_field(tmp_path / folder / "field.png", seed)
    run(collect_inputs([str(tmp_path / "a"), str(tmp_path / "b")]), tmp_path / "out", pipeline)
    crops = [row.crop for row in read_rows(tmp_path / "out", CellRow)]
    assert len(set(crops)) == 6
    assert all((tmp_path / "out" / crop).is_file() for crop in crops)
    assert {path.name for path in (tmp_path / "out" / "labelme").iterdir()} == {"a_field.json", "b_field.json"}


@pytest.mark.parametrize(
    "name", ["细胞 视野.png", "é" * 120 + ".png", "a" * 250 + ".png", "=HYPERLINK(1).png", "-x.png"]
)
def test_unusual_names_are_analysed(tmp_path: Path, pipeline: FakePipeline, name: str) -> None:
    path = paint_field(tmp_path / "in" / name)
    summary = run(collect_inputs([str(path)]), tmp_path / "out", pipeline)
    assert summary.fields.analysed == 1
    assert listed(tmp_path / "out") == [name]
    with (tmp_path / "out" / "fields.csv").open() as file:
        assert not next(csv.DictReader(file))["file"].startswith(("=", "-"))


def test_name_that_is_no_utf8_is_analysed(tmp_path: Path, pipeline: FakePipeline) -> None:
    (tmp_path / "in").mkdir()
    strange = os.fsdecode(os.fsencode(tmp_path / "in") + b"/\xff\xfe.png")
    paint_field(tmp_path / "f.png").rename(strange)
    run(collect_inputs([strange]), tmp_path / "out", pipeline)
    assert listed(tmp_path / "out") == ["\\xff\\xfe.png"]
    assert "\\xff\\xfe" in (tmp_path / "out" / "report.html").read_text()


def test_unusable_images_become_problems_and_the_rest_is_analysed(tmp_path: Path, pipeline: FakePipeline) -> None:
    inputs = fields(tmp_path, 3)
    inputs.files[0].path.write_bytes(b"")
    told: list[InputProblem] = []
    done: list[InputFile] = []
    watch = AnalysisWatch(on_field=done.append, on_problem=told.append)
    summary = analyse(inputs, tmp_path / "out", pipeline, MODELS, watch=watch)
    assert [problem.code for problem in summary.problems] == ["image_empty"]
    assert told == list(summary.problems)
    assert done == list(inputs.files)
    assert listed(tmp_path / "out") == ["f1.png", "f2.png"]


def test_file_that_disappears_while_it_runs_is_reported(tmp_path: Path) -> None:
    """It is the third of four: while the first is examined, the second may have been read."""
    inputs = fields(tmp_path, 4)
    pipeline = FakePipeline(before_run=lambda _number: inputs.files[2].path.unlink(missing_ok=True))
    summary = run(inputs, tmp_path / "out", pipeline)
    assert [problem.code for problem in summary.problems] == ["input_not_found"]
    assert listed(tmp_path / "out") == ["f0.png", "f1.png", "f3.png"]


def test_stop_keeps_and_reports_what_was_finished(tmp_path: Path, pipeline: FakePipeline) -> None:
    watch = AnalysisWatch(should_stop=lambda: len(pipeline.runs) == 2)
    summary = analyse(fields(tmp_path, 5), tmp_path / "out", pipeline, MODELS, watch=watch)
    assert summary.interrupted
    assert (summary.fields.given, summary.fields.analysed) == (5, 2)
    assert read_summary(tmp_path / "out") == summary
    assert "2 of 5 images" in (tmp_path / "out" / "report.html").read_text()


def test_second_interrupt_in_a_field_leaves_whole_tables(tmp_path: Path) -> None:
    def interrupt(number: int) -> None:
        if number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(fields(tmp_path, 3), tmp_path / "out", FakePipeline(before_run=interrupt))
    assert listed(tmp_path / "out") == ["f0.png"]
    assert read_summary(tmp_path / "out").interrupted
    assert len(json.loads((tmp_path / "out" / "coco.json").read_text())["images"]) == 1


def test_failing_network_ends_the_run_and_keeps_what_was_finished(tmp_path: Path) -> None:
    def fail(number: int) -> None:
        if number == 1:
            raise BundleError("the network failed")

    with pytest.raises(BundleError, match="1 finished fields are kept"):
        run(fields(tmp_path, 3), tmp_path / "out", FakePipeline(before_run=fail))
    assert read_summary(tmp_path / "out").fields.analysed == 1


def test_full_disk_ends_the_run_and_keeps_what_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_disk(number: int) -> None:
        if number == 2:  # /dev/full answers every write as a full disk does
            labelme = tmp_path / "out" / "labelme"
            (labelme / "f2.json.part").symlink_to("/dev/full")

    with pytest.raises(OutputError, match=r"No space left.*2 finished fields are kept"):
        run(fields(tmp_path, 4), tmp_path / "out", FakePipeline(before_run=fill_disk))
    assert listed(tmp_path / "out") == ["f0.png", "f1.png"]
    summary = read_summary(tmp_path / "out")
    assert summary.interrupted
    assert summary.fields.analysed == 2


@pytest.mark.parametrize("specimen", list(Specimen))
def test_differential_is_of_the_specimen(tmp_path: Path, pipeline: FakePipeline, specimen: Specimen) -> None:
    summary = run(fields(tmp_path, 1), tmp_path / "out", pipeline, specimen=specimen)
    assert summary.differential.specimen is specimen
