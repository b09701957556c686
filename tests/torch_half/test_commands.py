"""The commands train, evaluate and export, and the serving commands on what they make."""

import csv
import json
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from builders import tiny_bundle
from dataset_builders import classification_recipe, optimisation, write_identity, write_pbc, write_recipe
from hemascope.cli.main import app
from hemascope.errors import DatasetError, HemascopeError, ModelError, RecipeError
from hemascope.inference.bundle import load_bundle
from hemascope.models import list_models
from hemascope.models._registry import Task
from hemascope.training.checkpoint import FILE_NAME, load_checkpoint


def call(*arguments: str | Path) -> str:
    """What a successful command says."""
    outcome = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert outcome.exit_code == 0, outcome.exception
    return outcome.output


def refusal(*arguments: str | Path) -> BaseException | None:
    """The error that `main` would print."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments]).exception


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_models_list_all_names_every_network_and_bundle() -> None:
    said = call("models", "list", "--all").splitlines()
    networks = [line.split()[:2] for line in said if line.endswith("M parameters")]
    assert networks == [[name, task] for task in get_args(Task) for name in list_models(task)]
    assert {"detector-light", "classifier-light"} <= {line.split()[0] for line in said if line}


def test_train_makes_a_run_that_resume_goes_on_with(tmp_path: Path) -> None:
    data = write_pbc(tmp_path / "data", {"train": 1, "val": 1})
    recipe = write_recipe(tmp_path / "r.yaml", classification_recipe(optimisation=optimisation(epochs=1, batch_size=5)))
    out = tmp_path / "run"
    said = call("train", recipe, "--data", data, "--out", out, "--threads", "1")
    assert "epoch 1/1 done" in said
    assert f"run finished: {out}" in said
    assert load_checkpoint(out / FILE_NAME).epoch == 1
    assert isinstance(refusal("train", recipe, "--data", data, "--out", out), ModelError)
    call("train", recipe, "--data", data, "--out", out, "--resume")


def test_train_takes_boxes_and_an_initial_run(tmp_path: Path, cells_root: Path, classifier_run: Path) -> None:
    images = sorted(cells_root.glob("images/*/*.png"))
    found = [
        {"box_xyxy": [14, 10, 58, 54], "score": 0.9, "class": name, "above_threshold": True}
        for name in ("wbc", "platelet")
    ]
    document = {"images": [{"file": str(p), "width": 72, "height": 64, "detections": found} for p in images]}
    (tmp_path / "boxes.json").write_text(json.dumps(document))
    recipe = write_recipe(
        tmp_path / "r.yaml", classification_recipe(optimisation=optimisation(epochs=1, batch_size=44))
    )
    boxes, out = tmp_path / "boxes.json", tmp_path / "run"
    call("train", recipe, "--data", cells_root, "--out", out, "--boxes", boxes, "--init", classifier_run)
    assert str(load_checkpoint(out / FILE_NAME).initial_run).startswith("classifier-seed0-")
    assert float(rows(out / "metrics.csv")[-1]["accuracy_detected"]) > 0.3


def test_train_starts_from_a_bundle(tmp_path: Path, cells_root: Path, classifier_bundle: Path) -> None:
    optimiser = optimisation(epochs=1, batch_size=44, lr=1e-6)
    recipe = write_recipe(tmp_path / "r.yaml", classification_recipe(optimisation=optimiser))
    out = tmp_path / "run"
    call("train", recipe, "--data", cells_root, "--out", out, "--init", classifier_bundle)
    manifest = load_bundle(classifier_bundle).manifest
    assert str(load_checkpoint(out / FILE_NAME).initial_run).startswith(f"{manifest.name}-{manifest.version}-")
    assert float(rows(out / "metrics.csv")[-1]["accuracy_whole"]) > 0.5


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"data": {"reader": "coco", "cache_px": 64}}, DatasetError),
        ({"data": {"reader": "pbc", "cache_px": 64, "train_split": "test"}}, DatasetError),
        ({"model": {"name": "vit"}}, ModelError),
        ({"seed": "x"}, RecipeError),
    ],
    ids=["unknown reader", "unknown split", "unknown model", "wrong recipe"],
)
def test_train_refuses_what_does_not_fit(
    tmp_path: Path, cells_root: Path, changes: dict[str, object], error: type[HemascopeError]
) -> None:
    recipe = write_recipe(tmp_path / "r.yaml", classification_recipe(**changes))
    assert isinstance(refusal("train", recipe, "--data", cells_root, "--out", tmp_path / "run"), error)
    assert not (tmp_path / "run").exists()


def test_export_refuses_a_folder_without_a_run(tmp_path: Path, fields_root: Path) -> None:
    identity = write_identity(tmp_path / "identity.yaml")
    arguments = ("export", tmp_path, "--identity", identity, "--data", fields_root, "--out", tmp_path / "b")
    assert isinstance(refusal(*arguments), ModelError)
    assert not (tmp_path / "b").exists()


def test_boxes_are_refused_where_a_detector_finds_its_own(
    detector_run: Path, detector_bundle: Path, fields_root: Path, tmp_path: Path
) -> None:
    identity, boxes = write_identity(tmp_path / "identity.yaml"), ("--boxes", tmp_path / "boxes.json")
    data = ("--data", fields_root, "--out", tmp_path / "out")
    assert isinstance(refusal("export", detector_run, "--identity", identity, *data, *boxes), RecipeError)
    outcome = CliRunner().invoke(
        app, [str(a) for a in ("evaluate", detector_bundle, "--reader", "txl-pbc", *data, *boxes)]
    )
    assert outcome.exit_code == 2
    assert "a detector finds its boxes itself" in outcome.output
    assert not (tmp_path / "out").exists()


def test_evaluate_writes_the_files_of_a_detector(detector_bundle: Path, fields_root: Path, tmp_path: Path) -> None:
    out = tmp_path / "evaluation"
    said = call("evaluate", detector_bundle, "--data", fields_root, "--reader", "txl-pbc", "--out", out)
    assert "ap50_wbc" in said
    assert sorted(path.name for path in out.iterdir()) == [
        "by_source.csv", "confusion.csv", "confusion.png", "metrics.json", "operating_points.csv", "pictures_with_data",
        "precision_recall.png",
    ]  # fmt: skip
    document = json.loads((out / "metrics.json").read_text())
    assert (document["schema"], document["dataset"], document["split"]) == ("hemascope.evaluation/1", "txl-pbc", "val")
    assert document["model"]["name"] == "tiny-detector"
    assert document["metrics"]["ap50"] == pytest.approx(1, abs=0.02)
    assert len(rows(out / "by_source.csv")) == 9
    assert [row["true"] for row in rows(out / "confusion.csv")] == ["wbc", "rbc", "platelet", "background"]


def test_evaluate_writes_the_files_of_a_classifier(classifier_bundle: Path, cells_root: Path, tmp_path: Path) -> None:
    out = tmp_path / "evaluation"
    call("evaluate", classifier_bundle, "--data", cells_root, "--reader", "pbc", "--out", out, "--split", "val")
    assert sorted(path.name for path in out.iterdir()) == [
        "by_class.csv", "confusion.csv", "confusion.png", "confusion_by_distance.csv", "confusion_coarse.csv",
        "confusion_coarse.png", "curves.png", "features.png", "held_out_by_class.csv", "metrics.json",
        "pictures_with_data", "reliability.png", "risk_coverage.png",
    ]  # fmt: skip
    assert sum(int(row["cells"]) for row in rows(out / "by_class.csv")) == 11
    assert len(rows(out / "confusion_coarse.csv")) == 8


def test_evaluate_compares_two_classifiers_over_all_views(
    classifier_bundle: Path, cells_root: Path, tmp_path: Path
) -> None:
    out, other = tmp_path / "evaluation", tiny_bundle(tmp_path / "tiny", "classification")
    data = ("--data", cells_root, "--reader", "pbc", "--out", out)
    said = call("evaluate", classifier_bundle, *data, "--against", other, "--tta")
    assert "mcnemar_p" in said
    document = json.loads((out / "metrics.json").read_text())
    assert document["views"] == 8
    assert document["mcnemar"].keys() == {"only_first", "only_second", "p_value"}
    assert len(rows(out / "comparison.csv")) == 1 + 2 * 11


def test_evaluate_refuses_classifier_options_for_a_detector(detector_bundle: Path, tmp_path: Path) -> None:
    data = ("--data", tmp_path, "--reader", "txl-pbc", "--out", tmp_path / "out")
    outcome = CliRunner().invoke(app, [str(a) for a in ("evaluate", detector_bundle, *data, "--tta")])
    assert outcome.exit_code == 2
    assert "a detector has neither" in outcome.output


def test_detect_runs_the_exported_detector(detector_bundle: Path, fields_root: Path, tmp_path: Path) -> None:
    image = fields_root / "images" / "val-0.png"
    call("detect", image, "--detector", detector_bundle, "--json", tmp_path / "d.json")
    (found,) = json.loads((tmp_path / "d.json").read_text())["images"]
    strong = [d for d in found["detections"] if d.get("above_threshold", True)]
    assert sorted({d["class"] for d in strong}) == ["platelet", "rbc", "wbc"]


def test_classify_runs_the_exported_classifier(classifier_bundle: Path, cells_root: Path, tmp_path: Path) -> None:
    images = sorted(cells_root.glob("images/*/*_val_0.png"))
    call("classify", *images, "--classifier", classifier_bundle, "--json", tmp_path / "c.json")
    found = json.loads((tmp_path / "c.json").read_text())["images"]
    right = [image["class"] == Path(image["file"]).parent.name for image in found]
    assert len(right) == 11
    assert sum(right) >= 9
