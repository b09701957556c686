import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from dataset_builders import classification_recipe, optimisation, write_pbc, write_recipe
from hemascope.cli.main import app
from hemascope.errors import HemascopeError, ModelError, RecipeError
from hemascope.models import PRETRAINED, create_model, list_models
from hemascope.studies.baselines import majority, mean_colour
from hemascope.studies.cell_figures import accuracy_interval, cell_figures, compare, scaled_probabilities
from hemascope.studies.plan import load_study
from hemascope.studies.predictions import Predictions, pool_folds, read_predictions, write_predictions
from hemascope.training.recipe import load_recipe

CONFIGS = Path(__file__).parents[2] / "configs" / "classifiers"
FOLDS = {"reader": "pbc", "cache_px": 72, "allow_leaks": True, "folds": 2}


def write_study(folder: Path, **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    recipe = classification_recipe(optimisation=optimisation(epochs=1, batch_size=11), data=FOLDS)
    write_recipe(folder / "base.yaml", recipe)
    content = {
        "title": "Discs",
        "base": "base.yaml",
        "runs": {
            "one": {"seeds": [0, 1]},
            "on black": {"change": {"input_steps": ["lab_kmeans"]}},
            "colour": {"baseline": "mean-colour"},
            "floor": {"baseline": "majority"},
        },
    }
    return write_recipe(folder / "discs.yaml", content | changes)


def run_study(plan: Path, data: Path, folder: Path) -> Any:
    folders = ["--data", str(data), "--runs", str(folder / "runs"), "--out", str(folder / "out")]
    return CliRunner().invoke(app, ["study", str(plan), *folders, "--threads", "1", "--timed-images", "4"])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_study_pools_folds_compares_runs_and_then_only_repeats_the_table(tmp_path: Path) -> None:
    data = write_pbc(tmp_path / "data", {"train": 2, "val": 1})
    plan = write_study(tmp_path)
    outcome = run_study(plan, data, tmp_path)
    assert outcome.exit_code == 0, outcome.exception

    rows = rows_of(tmp_path / "out" / "runs.csv")
    assert [(r["run"], r["seed"], r["cells"]) for r in rows] == [
        ("one", "0", "33"), ("one", "1", "33"), ("on black", "0", "33"), ("colour", "0", "33"), ("floor", "0", "33")
    ]  # fmt: skip
    colour, floor = rows[3], rows[4]
    assert float(colour["accuracy"]) == 1.0  # the painted classes differ in colour
    assert float(floor["accuracy"]) < 0.2
    assert colour["mcnemar_p"] != "" == rows[0]["mcnemar_p"] == colour["images_per_s"]
    assert float(rows[0]["images_per_s"]) > 0
    assert len(rows[0]["run_ids"].split()) == 2
    assert len(rows_of(tmp_path / "out" / "by_class.csv")) == 5 * 11
    table = (tmp_path / "out" / "table.md").read_text()
    assert table.startswith("# Discs\n")
    assert "2 folds pooled (33 images in 33 groups)" in table
    assert "Coarse accuracy" in table
    document = json.loads((tmp_path / "out" / "study.json").read_text())
    assert [len(run["folds"]) for run in document["runs"]] == [2] * 5
    said = [read_predictions(path) for path in (tmp_path / "runs").glob("*/predictions.csv")]
    assert sum(len(one.files) for one in said) == 5 * 33

    checkpoints = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/*.*")}
    assert run_study(plan, data, tmp_path).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/*.*")} == checkpoints
    again = rows_of(tmp_path / "out" / "runs.csv")
    assert [row | {"images_per_s": ""} for row in again] == [row | {"images_per_s": ""} for row in rows]


def test_killed_study_goes_on_with_the_fold_it_was_in(tmp_path: Path) -> None:
    data = write_pbc(tmp_path / "data", {"train": 2, "val": 1})
    plan = write_study(tmp_path, runs={"one": {}})
    assert run_study(plan, data, tmp_path).exit_code == 0
    first, second = sorted(tmp_path.glob("runs/*/measured.json"))
    kept = first.stat().st_mtime_ns
    expected = (second.parent / "predictions.csv").read_text()
    second.unlink()  # as a kill before the last file leaves it
    (second.parent / "predictions.csv").unlink()
    assert run_study(plan, data, tmp_path).exit_code == 0
    assert (second.parent / "predictions.csv").read_text() == expected
    assert first.stat().st_mtime_ns == kept


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"headline_class": "wbc"}, "run 'one': a classification recipe; headline_class belongs to detectors"),
        ({"runs": {"one": {"baseline": "magic"}}}, "runs.one.baseline: "),
        ({"runs": {"one": {"change": {"data.fold": 2}}}}, "expected 0 to 1"),
    ],
)
def test_study_that_cannot_be_run_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_study(write_study(tmp_path, **changes))


def test_run_of_one_named_fold_is_one_training(tmp_path: Path) -> None:
    runs = {"all": {}, "one fold": {"change": {"data.fold": 1}}}
    whole, one = load_study(write_study(tmp_path, runs=runs)).runs
    assert [fold.cell_recipe.data.fold for fold in whole.folds()] == [0, 1]
    assert one.folds() == [one]
    assert one.folder_name == whole.folds()[1].folder_name  # shared, so trained once
    with pytest.raises(TypeError, match="is no detector"):
        _ = one.field_recipe


def predictions(shares: list[list[float]], labels: list[int], groups: str = "", folds: str = "") -> Predictions:
    n = len(labels)
    return Predictions(
        ("odd", "even"),
        tuple(f"{i}.png" for i in range(n)),
        tuple(groups or map(str, range(n))),
        np.array(labels),
        np.array(shares),
        np.array([int(fold) for fold in folds or "0" * n]),
    )


def test_predictions_survive_their_table(tmp_path: Path) -> None:
    said = predictions([[0.25, 0.75], [0.999999, 1e-6]], [0, 0], groups="ab")
    write_predictions(said, tmp_path / "p.csv")
    again = read_predictions(tmp_path / "p.csv")
    assert (again.classes, again.files, again.groups) == (said.classes, said.files, said.groups)
    np.testing.assert_array_equal(again.labels, said.labels)
    np.testing.assert_allclose(again.probabilities, said.probabilities, rtol=1e-5)
    assert rows_of(tmp_path / "p.csv")[0]["predicted"] == "even"


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "file,group,label,predicted,x\n1.png,g,y,x,0.5\n"])
def test_damaged_table_of_predictions_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "p.csv").write_text(content)
    with pytest.raises(ModelError, match="is no table of predictions"):
        read_predictions(tmp_path / "p.csv")


def test_pooled_folds_lie_in_the_order_of_the_files() -> None:
    first, second = predictions([[1, 0], [0, 1]], [0, 1]), predictions([[0.5, 0.5]], [1])
    second = Predictions(second.classes, ("00.png",), ("z",), second.labels, second.probabilities, second.folds)
    pooled = pool_folds([first, second])
    assert pooled.files == ("0.png", "00.png", "1.png")
    assert pooled.folds.tolist() == [0, 1, 0]
    assert pooled.labels.tolist() == [0, 1, 1]


def test_temperature_comes_from_the_other_fold() -> None:
    sure_and_wrong = [[0.999, 0.001]] * 40
    said = predictions(sure_and_wrong + [[0.6, 0.4]] * 40, [0, 1] * 20 + [0] * 40, folds="0" * 40 + "1" * 40)
    scaled = scaled_probabilities(said)
    assert (scaled[40:, 0] < 0.6).all()  # flattened by what fold 0 shows
    assert (scaled[:40, 0] > 0.999).all()  # sharpened by fold 1, which is always right
    np.testing.assert_allclose(scaled.sum(axis=1), 1)


def test_figures_of_what_is_always_right_and_never_unsure() -> None:
    figures = cell_figures(predictions([[1, 0], [0, 1]] * 3, [0, 1] * 3))
    assert (figures.accuracy, figures.macro_f1, figures.kappa) == (1, 1, 1)
    assert figures.ece == figures.ece_scaled == pytest.approx(0, abs=1e-6)
    assert np.isnan(figures.accuracy_coarse)  # odd and even are no cells


def test_interval_grows_when_cells_come_in_groups() -> None:
    shares, labels = [[1, 0]] * 60 + [[0, 1]] * 20, [0] * 80
    alone = accuracy_interval([predictions(shares, labels)])
    grouped = accuracy_interval([predictions(shares, labels, groups="".join(chr(65 + i // 20) for i in range(80)))])
    assert grouped.low < alone.low < 0.75 < alone.high < grouped.high


def test_runs_on_other_cells_are_not_compared() -> None:
    one = predictions([[1, 0], [1, 0]], [0, 1])
    test = compare(one, predictions([[0, 1], [0, 1]], [0, 1]))
    assert test is not None
    assert (test.only_first, test.only_second) == (1, 1)
    assert compare(one, predictions([[1, 0]], [0])) is None


def test_baselines_know_colour_or_nothing() -> None:
    crops = [np.full((4, 4, 3), grey, np.uint8) for grey in (10, 200, 90)]
    named = mean_colour(crops[:2], np.array([1, 0]), crops, 3)
    assert named.tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0]]
    assert majority(crops, np.array([1, 1, 0]), crops[:1], 3).tolist() == [[1 / 3, 2 / 3, 0]]


def test_leak_stops_a_study_before_any_training(tmp_path: Path) -> None:
    data = write_pbc(tmp_path / "data", {"train": 1, "val": 1})
    strict = {"data.allow_leaks": False, "data.folds": None}
    plan = write_study(tmp_path, runs={"one": {"change": strict}})
    outcome = run_study(plan, data, tmp_path)
    assert isinstance(outcome.exception, HemascopeError)
    assert "are not apart" in str(outcome.exception)
    assert not list(tmp_path.glob("runs/*/last.pt"))


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*-study.yaml")), ids=lambda path: path.stem)
def test_shipped_study_can_be_read_and_its_runs_differ(path: Path) -> None:
    study = load_study(path)
    assert study.task == "classification"
    assert len({run.folder_name for run in study.runs}) == len(study.runs)
    assert any(run.baseline == "mean-colour" for run in study.runs)


def _networks() -> list[tuple[str, dict[str, Any]]]:
    """Every network that a shipped recipe or study of classifiers names, with its options."""
    chosen = [run.recipe.model for path in CONFIGS.glob("*-study.yaml") for run in load_study(path).runs]
    chosen += [load_recipe(path).model for path in (CONFIGS / "paper").glob("*.yaml")]
    found = {(choice.name, json.dumps(choice.options, sort_keys=True)) for choice in chosen}
    return [
        (name, {key: value for key, value in json.loads(options).items() if key != PRETRAINED})
        for name, options in sorted(found)
    ]


@pytest.mark.parametrize(("name", "options"), _networks(), ids=str)
def test_network_of_a_shipped_recipe_can_be_built(name: str, options: dict[str, Any]) -> None:
    if name not in list_models("classification"):
        pytest.skip(f"{name} is not registered")
    with torch.device("meta"):
        create_model(name, task="classification", num_classes=4, **options)
