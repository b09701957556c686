"""Figures of classifiers on hand-made logits."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from builders import make_manifest
from hemascope.core.manifest import ClassificationSettings
from hemascope.core.metrics.calibration import softmax
from hemascope.data.sample import CellDataset, CellSample
from hemascope.errors import DatasetError
from hemascope.evaluation.class_rows import measure_classes
from hemascope.evaluation.classification import ClassificationEvaluation
from hemascope.evaluation.classification_report import write_classification_report
from hemascope.evaluation.comparison import compare_classifiers
from hemascope.evaluation.cost import NetworkCost
from hemascope.evaluation.held_out import measure_held_out
from hemascope.evaluation.outliers import fit_feature_distribution
from hemascope.evaluation.page import FOLDER
from hemascope.evaluation.thresholds import (
    DEFAULT_TOLERANCE,
    ToleratedErrors,
    classification_thresholds,
    distance_limit,
)
from hemascope.export.classifier_settings import fit_settings, judge
from hemascope.inference.classifier import ClassifiedCells

STAGES = ("myelocyte", "metamyelocyte", "lymphocyte")
SETTINGS = ClassificationSettings(crop_context=1.5)


def evaluation_of(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    classes: tuple[str, ...] = STAGES,
    settings: ClassificationSettings = SETTINGS,
    groups: int | None = None,
    path: Path = Path("cell.png"),
) -> ClassificationEvaluation:
    """Every cell is its own group unless a number of groups is given."""
    samples = tuple(
        CellSample(path, classes[label], "made", str(i % groups if groups else i)) for i, label in enumerate(labels)
    )
    cells = ClassifiedCells.from_logits(logits.astype(np.float32), settings, classes)
    features = np.random.default_rng(0).normal(0, 1, (len(labels), 4)).astype(np.float32)
    return ClassificationEvaluation(classes, labels, replace(cells, features=features), samples, settings)


def drawn(count: int, stretch: float = 1.0, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Calibrated logits of three classes, made too sure by `stretch`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2.5, (count, 3)).astype(np.float32)
    labels = np.array([rng.choice(3, p=p) for p in softmax(logits)], np.int64)
    return logits * np.float32(stretch), labels


def test_mistakes_are_counted_by_how_far_they_lie() -> None:
    # myelocytes: right, the next stage, a lymphocyte; a lymphocyte named right
    named = np.array([0, 1, 2, 2])
    evaluation = evaluation_of(10 * np.eye(3)[named], np.array([0, 0, 0, 2]))
    assert evaluation.distance_counts().tolist() == [[1, 1, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0]]
    headline = evaluation.headline()
    assert headline["wrong_neighbouring_stage"] == headline["wrong_other_lineage"] == 0.25
    assert headline["accuracy_coarse"] == 0.75
    assert "top5_accuracy" not in headline  # fewer classes than that


def test_classes_that_are_no_cells_have_no_lineage_figures() -> None:
    evaluation = evaluation_of(np.eye(2)[[0, 1]], np.array([0, 1]), classes=("benign", "malignant"))
    assert "accuracy_coarse" not in evaluation.headline()
    assert evaluation.headline()["accuracy"] == 1


def test_raw_calibration_is_that_of_the_logits_before_the_temperature() -> None:
    logits, labels = drawn(2000, stretch=3)
    served = evaluation_of(logits, labels, settings=SETTINGS.model_copy(update={"temperature": 3.0}))
    raw = evaluation_of(logits, labels)
    assert served.headline()["ece_uncalibrated"] == pytest.approx(raw.headline()["ece"], abs=1e-3)
    assert served.headline()["ece"] < 0.04 < 0.1 < raw.headline()["ece"]


def test_logits_are_those_that_went_in() -> None:
    logits, labels = drawn(50, stretch=2)
    served = evaluation_of(logits, labels, settings=SETTINGS.model_copy(update={"temperature": 1.7}))
    np.testing.assert_allclose(served.logits, logits, atol=1e-3)


def test_held_out_halves_undo_a_stretch_and_keep_the_promise_of_sets() -> None:
    held_out = measure_held_out(evaluation_of(*drawn(1500, stretch=3)), repeats=3)
    assert held_out is not None
    figures = held_out.figures
    assert held_out.measurements == 6
    assert figures.ece_after < 0.06 < 0.1 < figures.ece_before
    assert figures.brier_after < figures.brier_before
    assert figures.identified_share < 1
    assert 1 <= figures.set_size < 3
    for row in held_out.classes:
        assert row.coverage == pytest.approx(0.95, abs=0.03)
    np.testing.assert_allclose(held_out.probabilities.sum(axis=1), 1, atol=1e-5)


def test_held_out_halves_never_part_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    import hemascope.evaluation.held_out as module

    logits, labels = drawn(60)
    evaluation = evaluation_of(logits, labels, groups=6)
    fitted_on: list[set[bytes]] = []

    def spy(part: NDArray[np.float32], *arguments: object) -> ClassificationSettings:
        fitted_on.append({row.tobytes() for row in part})
        return classification_thresholds(part, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "classification_thresholds", spy)
    measure_held_out(evaluation, repeats=2)
    rows = [row.tobytes() for row in evaluation.logits]
    for part in fitted_on:
        inside = {i % 6 for i, row in enumerate(rows) if row in part}
        outside = {i % 6 for i, row in enumerate(rows) if row not in part}
        assert inside
        assert not inside & outside


def test_one_group_alone_cannot_judge_itself() -> None:
    assert measure_held_out(evaluation_of(*drawn(20), groups=1)) is None


def test_intervals_are_wider_when_cells_come_in_groups() -> None:
    labels = np.zeros(200, np.int64)
    right = (np.arange(200) % 10) < 8  # whole groups are right or wrong
    logits = 9 * np.eye(3)[np.where(right, 0, 1)]
    grouped = measure_classes(evaluation_of(logits, labels, groups=10), repeats=200).intervals["accuracy"]
    single = measure_classes(evaluation_of(logits, labels), repeats=200).intervals["accuracy"]
    assert grouped.low < single.low < 0.8 < single.high < grouped.high


def test_class_without_cells_has_no_recall_and_no_interval() -> None:
    measured = measure_classes(evaluation_of(9 * np.eye(3)[[0, 1, 0]], np.array([0, 1, 1])), repeats=20)
    absent = measured.rows[2]
    assert (absent.cells, math.isnan(absent.recall), math.isnan(absent.f1_low)) == (0, True, True)


def test_only_classes_that_are_often_wrong_get_a_threshold_of_their_own() -> None:
    # class 0 is always right; of those named 1 the less sure half is wrong in half of the cells
    sure, unsure = [9.0, 0, 0], [0, 2.5, 0]
    logits = np.array([sure] * 300 + [[0, 8.0, 0]] * 40 + [unsure] * 40, np.float32)
    labels = np.array([0] * 300 + [1] * 40 + [1, 2] * 20)
    settings = classification_thresholds(logits, labels, SETTINGS, STAGES, ToleratedErrors(by_class=0.1))
    assert list(settings.class_thresholds) == ["metamyelocyte"]
    cells = ClassifiedCells.from_logits(logits, settings.model_copy(update={"min_logsumexp": None}), STAGES)
    assert cells.unidentified.tolist() == [False] * 340 + [True] * 40


def test_distance_limit_lets_all_but_a_few_cells_pass() -> None:
    distances = np.random.default_rng(0).gamma(4, 2, 1000).astype(np.float32)
    assert (distances > distance_limit(distances)).sum() == pytest.approx(10, abs=1)


def test_comparison_is_by_class_name_whatever_the_order_of_the_outputs() -> None:
    logits, labels = drawn(90)
    first = evaluation_of(logits, labels)
    turned = ("lymphocyte", "blast", "myelocyte", "metamyelocyte")
    other_logits = np.stack([logits[:, 2], np.full(90, -50), logits[:, 0], logits[:, 1]], axis=1)
    second = replace(
        evaluation_of(other_logits, np.array([turned.index(STAGES[i]) for i in labels]), turned), samples=first.samples
    )
    comparison = compare_classifiers(first, second, repeats=20)
    assert comparison.mcnemar.p_value == 1
    assert len(comparison.rows) == 1 + 2 * 3
    assert all(row.difference == row.low == row.high == 0 for row in comparison.rows)
    assert not any(row.is_real for row in comparison.rows)


def test_comparison_sees_which_class_got_better() -> None:
    labels = np.arange(120) % 3
    good, bad = 5 * np.eye(3)[labels], 5 * np.eye(3)[np.where(labels == 1, 0, labels)]
    comparison = compare_classifiers(evaluation_of(good, labels), evaluation_of(bad, labels), repeats=100)
    assert (comparison.mcnemar.only_first, comparison.mcnemar.only_second) == (40, 0)
    real = {(row.class_id, row.figure) for row in comparison.rows if row.is_real}
    assert real == {
        ("all", "accuracy"), ("metamyelocyte", "recall"), ("metamyelocyte", "f1"), ("myelocyte", "f1")
    }  # fmt: skip


def test_comparison_of_different_cells_is_refused() -> None:
    logits, labels = drawn(10)
    with pytest.raises(DatasetError, match="the same cells only"):
        compare_classifiers(evaluation_of(logits, labels), evaluation_of(logits[:9], labels[:9]))


def test_page_of_a_classifier_loads_nothing_and_escapes_names(tmp_path: Path) -> None:
    path = tmp_path / "<b>&.png"
    Image.new("RGB", (40, 40), "purple").save(path)
    logits, labels = drawn(30)
    evaluation = evaluation_of(logits, labels, path=path)
    manifest = make_manifest("classification", classes=list(STAGES))
    comparison = compare_classifiers(evaluation, evaluation, repeats=10)
    cost = NetworkCost(10, 20, 64, 5.0, 1)
    write_classification_report(evaluation, manifest, cost, "made", "val", tmp_path / "out", comparison=comparison)
    page = (tmp_path / "out" / FOLDER / "evaluation.html").read_text(encoding="utf-8")
    for forbidden in ("http://", "https://", "<b>", "<script"):
        assert forbidden not in page
    assert page.count("data:image/png") == 6
    wrong = int((~evaluation.is_right).sum())
    assert 0 < page.count("data:image/jpeg") <= wrong
    for title in ("Mistakes by lineage and stage", "Calibration on held-out cells", "Against the other bundle"):
        assert title in page
    document = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert document["intervals"].keys() == {"accuracy", "macro_f1", "kappa"}
    assert document["held_out"]["set_coverage"] is not None


def test_report_of_few_cells_of_one_group_leaves_out_what_they_cannot_show(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), "purple").save(tmp_path / "cell.png")
    evaluation = evaluation_of(9 * np.eye(3)[[0, 1]], np.array([0, 2]), groups=1, path=tmp_path / "cell.png")
    manifest = make_manifest("classification", classes=list(STAGES))
    write_classification_report(evaluation, manifest, NetworkCost(10, 20, 64, 5.0, 1), "made", "val", tmp_path / "out")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert "features.png" not in written
    assert "held_out_by_class.csv" not in written
    assert "held_out" not in json.loads((tmp_path / "out" / "metrics.json").read_text())


def test_empty_split_is_refused() -> None:
    from hemascope.evaluation.classification import evaluate_classifier

    class Named:
        classes = STAGES

    with pytest.raises(DatasetError, match="has no cell to measure"):
        evaluate_classifier(Named(), CellDataset("made", STAGES, ()), lambda *_: None)  # type: ignore[arg-type]


def test_feature_check_lets_the_crops_around_detected_boxes_through_too() -> None:
    logits, labels = drawn(300)
    whole = evaluation_of(logits, labels)
    boxed = replace(whole, cells=replace(whole.cells, features=whole.cells.features * 2))
    known = fit_feature_distribution(whole.cells.features, labels, 3)
    narrow = fit_settings(whole, known, DEFAULT_TOLERANCE).feature_check
    wide = fit_settings(whole, known, DEFAULT_TOLERANCE, boxed).feature_check
    assert narrow is not None
    assert wide is not None
    assert wide.max_distance > 1.5 * narrow.max_distance
    assert wide.sha256 == narrow.sha256


def test_log_sum_exp_limit_stays_where_no_features_are_known() -> None:
    logits, labels = drawn(300)
    settings = fit_settings(evaluation_of(logits, labels), None, DEFAULT_TOLERANCE)
    assert settings.feature_check is None
    assert settings.min_logsumexp is not None


def test_judged_cells_are_those_that_serving_gives() -> None:
    logits, labels = drawn(200, stretch=2)
    raw = evaluation_of(logits, labels)
    known = fit_feature_distribution(raw.cells.features, labels, 3)
    settings = fit_settings(raw, known, DEFAULT_TOLERANCE)
    served = judge(raw, settings, known)
    assert served.settings is settings
    direct = ClassifiedCells.from_outputs(logits[None], raw.cells.features[None], settings, STAGES, known)
    np.testing.assert_allclose(served.cells.probabilities, direct.probabilities, atol=1e-4)
    np.testing.assert_array_equal(served.cells.unidentified, direct.unidentified)
