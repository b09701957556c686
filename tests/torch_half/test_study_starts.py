"""Studies of classifiers whose networks start from another study's, or see cells cut out by a detector."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from dataset_builders import classification_recipe, optimisation, write_pbc, write_recipe
from hemascope.cli.main import app
from hemascope.errors import RecipeError
from hemascope.studies.plan import load_study
from hemascope.training.checkpoint import FILE_NAME, load_checkpoint

START = {"study": "first.yaml", "run": "whole"}
WHOLE = {"reader": "pbc", "cache_px": 72, "allow_leaks": True}


def write_studies(folder: Path, **changes: Any) -> Path:
    """`first.yaml`, and `second.yaml`, whose network hardly moves from where it starts."""
    folder.mkdir(parents=True, exist_ok=True)
    still = optimisation(epochs=1, batch_size=11) | {"lr": 1e-12, "weight_decay": 0.0}
    write_recipe(folder / "base.yaml", classification_recipe(optimisation=still, data=WHOLE))
    first = {"title": "First", "base": "base.yaml", "runs": {"whole": {}, "colour": {"baseline": "mean-colour"}}}
    write_recipe(folder / "first.yaml", first)
    second = {"title": "Second", "base": "base.yaml", "runs": {"from it": {"initial": START, "seeds": [3]}}}
    return write_recipe(folder / "second.yaml", second | changes)


def run_study(plan: Path, data: Path, *more: str) -> Any:
    folder = plan.parent
    folders = ["--data", str(data), "--runs", str(folder / "runs"), "--out", str(folder / "out")]
    return CliRunner().invoke(app, ["study", str(plan), *folders, "--threads", "1", "--timed-images", "2", *more])


def write_boxes(path: Path, data: Path, box_xyxy: list[float]) -> Path:
    """A document of `detect` with the same white cell in all pictures."""
    cell = {"class": "wbc", "box_xyxy": box_xyxy, "score": 0.9}
    images = [
        {"file": str(file), "width": 64, "height": 64, "detections": [cell]} for file in sorted(data.rglob("*.png"))
    ]
    path.write_text(json.dumps({"images": images}))
    return path


def test_network_starts_from_a_run_of_another_study(tmp_path: Path) -> None:
    data = write_pbc(tmp_path / "data", {"train": 2, "val": 1})
    plan = write_studies(tmp_path)
    missing = run_study(plan, data)
    assert isinstance(missing.exception, RecipeError)
    assert "holds no run; a network of this study starts from it" in str(missing.exception)

    assert run_study(tmp_path / "first.yaml", data).exit_code == 0
    outcome = run_study(plan, data)
    assert outcome.exit_code == 0, outcome.exception
    (start,) = [run for run in load_study(tmp_path / "first.yaml").runs if run.baseline is None]
    (run,) = load_study(plan).runs
    assert run.initial == start.folder_name
    before, after = (load_checkpoint(tmp_path / "runs" / one.folder_name / FILE_NAME) for one in (start, run))
    assert after.initial_run is not None
    for name, weight in before.average.items():
        if name.endswith(("weight", "bias")):
            torch.testing.assert_close(after.model[name], weight, rtol=0, atol=1e-6)


def test_detected_cells_are_cut_out_around_their_boxes(tmp_path: Path) -> None:
    data = write_pbc(tmp_path / "data", {"train": 2, "val": 1})
    plan = write_studies(tmp_path, crops="detected", runs={"one": {}})
    boxes = write_boxes(tmp_path / "boxes.json", data, [16, 16, 48, 48])
    outcome = run_study(plan, data, "--boxes", str(boxes))
    assert outcome.exit_code == 0, outcome.exception
    (run,) = load_study(plan).runs
    assert run.folder_name.endswith("-detected")
    said = (tmp_path / "runs" / run.folder_name / "predictions.csv").read_text()

    moved = write_studies(tmp_path / "corner", crops="detected", runs={"one": {}})
    corner = write_boxes(tmp_path / "corner.json", data, [26, 26, 38, 38])
    assert run_study(moved, data, "--boxes", str(corner)).exit_code == 0
    assert (tmp_path / "corner" / "runs" / run.folder_name / "predictions.csv").read_text() != said


@pytest.mark.parametrize(
    ("crops", "given", "message"),
    [
        ("detected", False, "second needs the cells' boxes: --boxes is the output of 'hemascope detect'"),
        ("whole", True, "second looks at whole images and takes no boxes"),
    ],
)
def test_boxes_that_are_missing_or_not_asked_for_are_refused(
    tmp_path: Path, crops: str, given: bool, message: str
) -> None:
    data = write_pbc(tmp_path / "data", {"train": 1, "val": 1})
    boxes = write_boxes(tmp_path / "boxes.json", data, [16, 16, 48, 48])
    plan = write_studies(tmp_path, crops=crops, runs={"one": {}})
    outcome = run_study(plan, data, *(["--boxes", str(boxes)] if given else []))
    assert isinstance(outcome.exception, RecipeError)
    assert message in str(outcome.exception)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runs": {"one": {"initial": {"study": "second.yaml", "run": "one"}}}}, "initial.study is the study itself"),
        ({"runs": {"one": {"initial": START | {"run": "half"}}}}, "first.yaml has no network 'half'; it has"),
        ({"runs": {"one": {"initial": START | {"run": "colour"}}}}, "first.yaml has no network 'colour'"),
        ({"runs": {"one": {"initial": START, "baseline": "majority"}}}, "'initial' is for classifiers' networks"),
        ({"initial_backbone": "base.yaml"}, "initial_backbone is for detectors"),
    ],
)
def test_start_that_cannot_be_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_study(write_studies(tmp_path, **changes))


def test_start_with_a_network_for_each_fold_is_refused(tmp_path: Path) -> None:
    plan = write_studies(tmp_path)
    folds = classification_recipe(optimisation=optimisation(epochs=1), data=WHOLE | {"folds": 2})
    write_recipe(tmp_path / "base.yaml", folds)
    with pytest.raises(RecipeError, match=r"'whole' of first\.yaml has a network for each fold"):
        load_study(plan)
