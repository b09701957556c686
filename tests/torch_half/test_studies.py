import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor, nn
from typer.testing import CliRunner

from dataset_builders import (
    classification_recipe,
    detection_recipe,
    optimisation,
    write_pbc,
    write_recipe,
    write_txl_pbc,
)
from hemascope.cli.main import app
from hemascope.errors import RecipeError
from hemascope.studies.plan import load_study
from hemascope.studies.timing import time_networks

TINY = {"width": 8, "blocks": [1, 1, 1, 1]}


def write_study(folder: Path, **changes: Any) -> Path:
    """A study over `write_txl_pbc` beside its base recipe; `backbone.yaml` is written, too."""
    folder.mkdir(parents=True, exist_ok=True)
    write_recipe(folder / "base.yaml", detection_recipe(optimisation=optimisation(epochs=1, validate_every=1)))
    backbone = classification_recipe(model={"name": "resnet_light", "options": TINY})
    write_recipe(folder / "backbone.yaml", backbone | {"optimisation": optimisation(epochs=1, batch_size=11)})
    content = {
        "title": "Towers",
        "base": "base.yaml",
        "headline_class": "wbc",
        "runs": {"one": {}, "two": {"change": {"model.options.tower_depth": 2}}},
    }
    return write_recipe(folder / "towers.yaml", content | changes)


def run_study(plan: Path, data: Path, folder: Path) -> Any:
    folders = ["--data", str(data), "--runs", str(folder / "runs"), "--out", str(folder / "out")]
    return CliRunner().invoke(app, ["study", str(plan), *folders, "--threads", "1", "--timed-images", "2"])


def test_runs_differ_from_the_base_in_what_the_study_says(tmp_path: Path) -> None:
    runs = {
        "all": {},
        "deep": {"change": {"model.options.tower_depth": 3, "data.classes": ["wbc"]}, "seeds": [4, 5]},
        "plain": {"change": {"augmentation": None}},
    }
    study = load_study(write_study(tmp_path, runs=runs, seeds=[7]))
    assert [(run.name, run.recipe.seed) for run in study.runs] == [("all", 7), ("deep", 4), ("deep", 5), ("plain", 7)]
    assert [run.recipe.model.options["tower_depth"] for run in study.runs] == [1, 3, 3, 1]
    assert study.runs[1].recipe.data.classes == ("wbc",)
    assert study.runs[3].recipe.augmentation.mosaic == 0.5
    assert len({run.folder_name for run in study.runs}) == 4


def test_equal_recipes_share_a_folder_between_studies(tmp_path: Path) -> None:
    first = load_study(write_study(tmp_path / "a"))
    second = load_study(write_study(tmp_path / "b", runs={"other name": {}}))
    assert first.runs[0].folder_name == second.runs[0].folder_name != first.runs[1].folder_name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runs": {}}, "towers.yaml: runs: "),
        ({"budget": 3}, "towers.yaml: budget: "),
        ({"base": "none.yaml"}, "none.yaml: cannot be read"),
        ({"base": "backbone.yaml"}, "run 'one': a classification recipe"),
        ({"runs": {"one": {"change": {"model.options.tower_depth.x": 1}}}}, "'tower_depth' is a value"),
        ({"runs": {"one": {"change": {"optimisation.epochs": 0}}}}, "run 'one': optimisation.epochs: .*found 0"),
        ({"runs": {"one": {"seeds": [-1]}}}, "runs.one.seeds.0: "),
    ],
    ids=["no runs", "unknown key", "no base", "wrong task", "value as group", "bad value", "negative seed"],
)
def test_study_that_cannot_be_run_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_study(write_study(tmp_path, **changes))


def test_missing_backbone_run_is_asked_for(tmp_path: Path) -> None:
    data = write_txl_pbc(tmp_path / "data", {"train": [0, 1], "val": [2]})
    outcome = run_study(write_study(tmp_path, initial_backbone="backbone.yaml"), data, tmp_path)
    assert isinstance(outcome.exception, RecipeError)
    assert "backbone holds no run" in str(outcome.exception)


def test_study_trains_measures_times_and_then_only_repeats_the_table(tmp_path: Path) -> None:
    data = write_txl_pbc(tmp_path / "data", {"train": [0, 1], "val": [2, 3]})
    cells = write_pbc(tmp_path / "cells", {"train": 1, "val": 1})
    plan = write_study(tmp_path, initial_backbone="backbone.yaml")
    backbone = ["train", str(tmp_path / "backbone.yaml"), "--data", str(cells)]
    assert CliRunner().invoke(app, [*backbone, "--out", str(tmp_path / "runs" / "backbone")]).exit_code == 0
    outcome = run_study(plan, data, tmp_path)
    assert outcome.exit_code == 0, outcome.exception

    with (tmp_path / "out" / "runs.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["run"], row["class"]) for row in rows if row["source"] == "all"] == [
        (run, cell) for run in ("one", "two") for cell in ("wbc", "rbc", "platelet")
    ]
    assert int(rows[-1]["parameters"]) > int(rows[0]["parameters"])
    assert all("backbone-of-backbone" in row["run_id"] for row in rows)
    table = (tmp_path / "out" / "table.md").read_text()
    assert table.startswith("# Towers\n")
    assert "txl-pbc, val (2 images)" in table
    document = json.loads((tmp_path / "out" / "study.json").read_text())
    assert [len(run["rows"]) for run in document["runs"]] == [9, 9]
    assert (tmp_path / "out" / "accuracy_for_time.png").stat().st_size > 1000

    checkpoints = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/last.pt")}
    assert run_study(plan, data, tmp_path).exit_code == 0
    assert checkpoints == {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/last.pt")}


def test_shipped_studies_can_be_loaded() -> None:
    folder = Path(__file__).parents[2] / "configs" / "detectors"
    plans = [path for path in folder.glob("*.yaml") if "runs" in yaml.safe_load(path.read_text())]
    assert plans
    for path in plans:
        study = load_study(path)
        assert all(study.headline_class in (run.recipe.data.classes or (study.headline_class,)) for run in study.runs)


def test_every_network_is_timed_at_the_size_that_it_sees() -> None:
    class Watched(nn.Module):
        needs_nms, stride = True, 32

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))
            self.seen: list[tuple[int, ...]] = []

        def predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
            self.seen.append(tuple(images.shape))
            return torch.zeros(1, 1, 4), torch.zeros(1, 1, 1)

    small, large = Watched(), Watched()
    images = [np.zeros((96, 128, 3), np.uint8)] * 3
    times = time_networks({"small": (small, 64), "large": (large, 128)}, images, lambda *_: None)
    assert small.seen == [(1, 3, 64, 64)] * 3
    assert large.seen == [(1, 3, 96, 128)] * 3
    assert set(times) == {"small", "large"}
    assert min(times.values()) > 0
