import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hemascope.errors import OutputError
from hemascope.service.inputs import collect_inputs
from hemascope.service.propose import CellProposer, ProposeOptions, ProposeOutcome, propose
from unit.service.fake_pipeline import FakePipeline, paint_field

Run = Callable[..., ProposeOutcome]


@pytest.fixture
def run(tmp_path: Path, pipeline: FakePipeline) -> Run:
    """Proposes for the images of `tmp_path/fields`, classes included, into `tmp_path/out`."""

    def propose_all(*, update: bool = False, nucleated_only: bool = False, model: str = "tiny") -> ProposeOutcome:
        inputs = collect_inputs([str(tmp_path / "fields")])
        proposer = CellProposer(pipeline, nucleated_only=nucleated_only)
        return propose(inputs, tmp_path / "out", proposer, ProposeOptions((model,), update))

    return propose_all


def shapes(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["shapes"]
    return found


def test_boxes_carry_class_score_and_flag(run: Run, tmp_path: Path) -> None:
    paint_field(tmp_path / "fields" / "a.png")
    outcome = run()
    assert (outcome.files, outcome.boxes, outcome.kept, outcome.problems) == (1, 5, (), ())
    found = shapes(tmp_path / "out" / "a.json")
    assert [shape["label"] for shape in found] == [
        "lymphocyte", "segmented_neutrophil", "red_cell", "unidentified", "platelet",
    ]  # fmt: skip
    assert [shape["description"] for shape in found] == [
        "score 0.900; lymphocyte 0.96, segmented_neutrophil 0.02",
        "score 0.825; segmented_neutrophil 0.84, erythroblast 0.11",
        "score 0.750",
        "score 0.675; lymphocyte 0.37, segmented_neutrophil 0.33",
        "score 0.600",
    ]
    assert all(shape["flags"] == {"proposed": True} and shape["shape_type"] == "rectangle" for shape in found)
    assert found[0]["points"] == [[8, 8], [30, 30]]
    assert [shape["detected_as"] for shape in found] == ["wbc", "wbc", "rbc", "wbc", "platelet"]


def test_red_cells_and_platelets_can_be_left_out(run: Run, tmp_path: Path) -> None:
    paint_field(tmp_path / "fields" / "a.png")
    assert run(nucleated_only=True).boxes == 3
    labels = {shape["label"] for shape in shapes(tmp_path / "out" / "a.json")}
    assert labels == {"lymphocyte", "segmented_neutrophil", "unidentified"}


def test_files_are_named_as_labelme_looks_for_them(run: Run, tmp_path: Path) -> None:
    paint_field(tmp_path / "fields" / "field 1 (left).png")
    run()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["field 1 (left).json"]


def test_images_of_one_name_get_files_of_their_own(run: Run, tmp_path: Path) -> None:
    for folder in ("x", "y"):
        paint_field(tmp_path / "fields" / folder / "a.png")
    run()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["x_a.json", "y_a.json"]
    image = json.loads((tmp_path / "out" / "y_a.json").read_text())["imagePath"]
    assert image == "../fields/y/a.png"


def test_unreadable_image_is_a_problem_and_the_others_go_on(run: Run, tmp_path: Path) -> None:
    for name in ("a.png", "c.png"):
        paint_field(tmp_path / "fields" / name)
    (tmp_path / "fields" / "b.png").write_bytes(b"no picture")
    outcome = run()
    assert outcome.files == 2
    assert [Path(problem.file).name for problem in outcome.problems] == ["b.png"]


def test_existing_file_is_an_error_before_any_work(run: Run, tmp_path: Path, pipeline: FakePipeline) -> None:
    paint_field(tmp_path / "fields" / "a.png")
    run()
    paint_field(tmp_path / "fields" / "b.png")
    before = (tmp_path / "out" / "a.json").read_bytes()
    with pytest.raises(OutputError, match=r"already holds 1 of the files, 'a\.json' first.*--update"):
        run()
    assert len(pipeline.runs) == 1
    assert (tmp_path / "out" / "a.json").read_bytes() == before


def test_update_makes_untouched_files_again_and_keeps_what_a_person_saved(run: Run, tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        paint_field(tmp_path / "fields" / name)
    run(model="old")
    a, b, c = (tmp_path / "out" / f"{name}.json" for name in "abc")
    document = json.loads(a.read_text())
    document["shapes"][0]["flags"] = {}
    a.write_text(json.dumps(document))
    b.unlink()
    corrected = a.read_bytes()
    outcome = run(update=True, model="new")
    assert (outcome.files, outcome.kept) == (2, (a,))
    assert a.read_bytes() == corrected
    assert all(json.loads(path.read_text())["hemascope"]["models"] == ["new"] for path in (b, c))


def test_update_keeps_a_file_that_is_no_annotation(run: Run, tmp_path: Path) -> None:
    paint_field(tmp_path / "fields" / "a.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.json").write_text("my notes")
    assert run(update=True).files == 0
    assert (tmp_path / "out" / "a.json").read_text() == "my notes"


def test_person_who_saves_while_the_models_work_wins(run: Run, tmp_path: Path, pipeline: FakePipeline) -> None:
    paint_field(tmp_path / "fields" / "a.png")
    file = tmp_path / "out" / "a.json"
    pipeline.before_run = lambda _number: file.write_text('{"shapes": []}') and None
    outcome = run()
    assert (outcome.files, outcome.boxes, outcome.kept) == (0, 0, (file,))
    assert file.read_text() == '{"shapes": []}'


def test_place_that_cannot_be_written_is_an_output_error(run: Run, tmp_path: Path) -> None:
    paint_field(tmp_path / "fields" / "a.png")
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="out"):
        run()
