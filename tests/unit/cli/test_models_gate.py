"""The gate: compare on frozen data, promote, roll back."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from builders import CLASSIFIER_CLASSES, DARK, GRID_PX, RED, paint_squares, tiny_bundle
from dataset_builders import write_labelled_fields
from hemascope.service import registry
from hemascope.service.label_export import ExportOptions, export_labels
from unit.cli.conftest import Command, Outcome

CELLS = ("basophil", "monocyte", "lymphocyte")
HALVES = {"train": 0.5, "val": 0.5}


def swapped(first: str, second: str) -> list[str]:
    """Classes in whose order the tiny classifier takes the two for each other."""
    names = {first: second, second: first}
    return [names.get(name, name) for name in CLASSIFIER_CLASSES]


def classifier(folder: Path, name: str, **changes: Any) -> None:
    settings = {"crop_context": 1.0, "temperature": 1.0} | changes.pop("classification", {})
    tiny_bundle(folder / name, "classification", name=name, classification=settings, **changes)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """25 frozen cells of each of three classes."""
    root = tmp_path_factory.mktemp("cells")
    labels = write_labelled_fields(root / "labels", CELLS, 50, is_square=True)
    return export_labels(labels, root / "frozen", ExportOptions("crops", "tester", HALVES))[0]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`old` ships; `same`, `better` than `poor`, and `mad` (never sure of itself) are the user's own."""
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    classifier(shipped, "classifier-light")
    classifier(own, "same")
    classifier(own, "poor", classes=swapped("basophil", "monocyte"))
    classifier(own, "mad", classification={"temperature": 200.0})
    classifier(own, "third")
    monkeypatch.setattr(registry, "_SHIPPED_FOLDER", shipped)
    monkeypatch.setenv("HEMASCOPE_BUNDLES", str(own))
    return own


def compare(hemascope: Command, old: str, new: str, data: Path, *options: str | Path) -> Outcome:
    return hemascope("models", "compare", old, new, "--data", data, *options)


def test_equal_model_passes_and_the_document_says_on_what(
    hemascope: Command, models: Path, cells: Path, tmp_path: Path
) -> None:
    outcome = compare(hemascope, "classifier-light", "same", cells, "--json", tmp_path / "c.json")
    assert outcome.code == 0
    assert "75 cells of frozen v1 (val)" in outcome.out
    assert "passed mcnemar: 0 cells are right now that were wrong, 0 the other way round, p 1" in outcome.out
    assert "same 1.0.0 may replace classifier-light 1.0.0" in outcome.out
    document = json.loads((tmp_path / "c.json").read_text())
    assert (document["schema"], document["passed"], document["data"]["size"]) == ("hemascope.comparison/1", True, 75)
    assert document["data"]["digest"] == json.loads((cells / "version.json").read_text())["digest"]


def test_model_that_takes_two_classes_for_each_other_fails_with_reasons(
    hemascope: Command, models: Path, cells: Path
) -> None:
    outcome = compare(hemascope, "classifier-light", "poor", cells)
    assert outcome.code == 1
    assert "FAILED mcnemar: 0 cells are right now that were wrong, 50 the other way round" in outcome.out
    assert "recall of basophil: 1.000 to 0.000, at least -1.000" in outcome.out
    assert "recall of lymphocyte" not in outcome.out.split("FAILED classes")[1].splitlines()[0]
    assert "poor 1.0.0 may not replace" in outcome.out


def test_better_model_passes_the_other_way_round(hemascope: Command, models: Path, cells: Path) -> None:
    assert compare(hemascope, "poor", "same", cells).code == 0


def test_model_whose_probabilities_mean_nothing_fails(hemascope: Command, models: Path, cells: Path) -> None:
    outcome = compare(hemascope, "classifier-light", "mad", cells)
    assert outcome.code == 1
    assert "FAILED calibration" in outcome.out
    assert compare(hemascope, "classifier-light", "mad", cells, "--calibration-margin", "1").code == 0


def test_class_with_few_cells_is_shown_and_not_judged(hemascope: Command, models: Path, cells: Path) -> None:
    outcome = compare(hemascope, "classifier-light", "same", cells, "--min-cells", "26")
    assert outcome.code == 1
    assert "no class has 26 cells: use more data" in outcome.out
    assert "not judged" in outcome.out


def test_class_that_the_old_model_cannot_name_counts_as_wrong(hemascope: Command, models: Path, tmp_path: Path) -> None:
    labels = write_labelled_fields(tmp_path / "labels", ("basophil", "blast"), 50, is_square=True)
    version, _ = export_labels(labels, tmp_path / "frozen", ExportOptions("crops", "tester", HALVES))
    classifier(models, "wider", classes=[*CLASSIFIER_CLASSES, "blast"])
    outcome = compare(hemascope, "classifier-light", "wider", version)
    assert outcome.code == 0
    assert "accuracy: 0.5000 to 1.0000" in outcome.out


def test_touched_data_and_unlike_models_are_refused(
    hemascope: Command, models: Path, cells: Path, tmp_path: Path
) -> None:
    tiny_bundle(models / "finder", "detection", name="finder")
    assert "compare alike ones" in compare(hemascope, "same", "finder", cells).err
    assert "version.json" in compare(hemascope, "same", "poor", tmp_path).err
    copy = tmp_path / "v1"
    shutil.copytree(cells, copy)
    next((copy / "images").iterdir()).write_bytes(b"")
    assert "versions are never edited" in compare(hemascope, "same", "poor", copy).err


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frozen fields of three white and three red cells."""
    folder = tmp_path_factory.mktemp("fields")
    rng = np.random.default_rng(0)
    (folder / "labels").mkdir()
    for number in range(20):
        places = [(int(p) % 18 + 1, int(p) // 18 + 1) for p in rng.choice(18 * 13, 6, replace=False)]
        kinds = [("wbc", DARK)] * 3 + [("red_cell", RED)] * 3
        rgb = paint_squares(640, 480, [(*place, colour) for place, (_, colour) in zip(places, kinds, strict=True)])
        Image.fromarray(rgb).save(folder / "labels" / f"f{number}.png")
        shapes = [
            {"label": label, "points": [[x * GRID_PX, y * GRID_PX], [(x + 1) * GRID_PX, (y + 1) * GRID_PX]],
             "shape_type": "rectangle", "flags": {}}
            for (x, y), (label, _) in zip(places, kinds, strict=True)
        ]  # fmt: skip
        document = {"flags": {}, "shapes": shapes, "imagePath": f"f{number}.png", "imageData": None}
        (folder / "labels" / f"f{number}.json").write_text(json.dumps(document))
    options = ExportOptions("fields", "tester", HALVES, group_by="(.+)", looked_for=("platelet",))
    return export_labels(folder / "labels", folder / "frozen", options)[0]


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({}, 0, "passed classes"),
        ({"classes": ["rbc", "wbc", "platelet"]}, 1, "ap50 of wbc: 1.000 to 0.000"),
        ({"detection": {"score_threshold": 1.0}}, 1, "f1 of rbc"),
    ],
    ids=["equal", "takes one for the other", "threshold too high"],
)
def test_detectors_are_compared_field_by_field(
    hemascope: Command, models: Path, fields: Path, changes: dict[str, Any], code: int, reason: str
) -> None:
    tiny_bundle(models / "finder", "detection", name="finder")
    tiny_bundle(models / "other", "detection", name="other", **changes)
    outcome = compare(hemascope, "finder", "other", fields, "--min-cells", "10")
    assert outcome.code == code, outcome.err
    assert reason in outcome.out


def passed(hemascope: Command, cells: Path, folder: Path, old: str, new: str) -> Path:
    file = folder / f"{old}-{new}.json"
    compare(hemascope, old, new, cells, "--json", file)
    return file


def in_use() -> str:
    return registry.find_bundle(None, "classification").name


def test_passed_model_is_used_and_can_be_rolled_back(
    hemascope: Command, models: Path, cells: Path, tmp_path: Path
) -> None:
    first = passed(hemascope, cells, tmp_path, "classifier-light", "same")
    outcome = hemascope("models", "promote", "same", "--comparison", first, "--by", "tester")
    assert outcome.code == 0
    assert "promote classification: same" in outcome.out
    assert in_use() == "same"
    second = passed(hemascope, cells, tmp_path, "same", "third")
    assert hemascope("models", "promote", "third", "--comparison", second).code == 0
    assert in_use() == "third"
    for expected in ("same", "classifier-light"):
        assert hemascope("models", "rollback", "classification", "--reason", "stains differ").code == 0
        assert in_use() == expected
    lines = hemascope("models", "history").out.splitlines()
    assert [line.split()[1] for line in lines] == ["promote", "promote", "rollback", "rollback"]
    assert "the shipped model" in lines[-1]
    assert "stains differ" in lines[-1]
    assert "nothing lies behind" in hemascope("models", "rollback", "classification", "--reason", "x").err


def test_failed_or_foreign_comparison_promotes_nothing(
    hemascope: Command, models: Path, cells: Path, tmp_path: Path
) -> None:
    failed = passed(hemascope, cells, tmp_path, "classifier-light", "poor")
    foreign = passed(hemascope, cells, tmp_path, "third", "same")
    (tmp_path / "empty.json").write_text("{}")
    for name, document, reason in (
        ("poor", failed, "may not replace"),
        ("same", foreign, "another model"),
        ("same", failed, "another model"),
        ("same", tmp_path / "empty.json", "no document of"),
    ):
        outcome = hemascope("models", "promote", name, "--comparison", document)
        assert (outcome.code, reason in outcome.err) == (2, True)
    assert "hemascope models compare classifier-light same" in hemascope("models", "promote", "same").err
    assert in_use() == "classifier-light"


def test_force_needs_and_keeps_a_reason(hemascope: Command, models: Path) -> None:
    assert hemascope("models", "promote", "poor", "--force", "only for a demonstration").code == 0
    assert "forced: only for a demonstration" in hemascope("models", "history").out
    assert "in use already" in hemascope("models", "promote", "poor", "--force", "again").err


def test_promoted_name_that_means_another_network_now_is_an_error(hemascope: Command, models: Path) -> None:
    hemascope("models", "promote", "poor", "--force", "test")
    classifier(models, "poor")
    outcome = hemascope("classify", models / "none.png")
    assert (outcome.code, "is another model" in outcome.err) == (2, True)


def test_without_a_folder_of_own_bundles_nothing_can_be_promoted(
    hemascope: Command, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEMASCOPE_BUNDLES")
    assert "set HEMASCOPE_BUNDLES" in hemascope("models", "promote", "same", "--force", "x").err


def test_damaged_history_is_told(hemascope: Command, models: Path) -> None:
    (models / "active.json").write_text('{"schema": "other"}')
    assert "no history of models" in hemascope("models", "history").err
