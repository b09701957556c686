import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import yaml
from numpy.typing import NDArray
from torch import nn

import hemascope
from builders import CLASSIFIER_CLASSES
from dataset_builders import paint_cells, write_identity, write_txl_pbc
from hemascope.core.detections import Detections
from hemascope.core.manifest import ClassificationSettings, DetectionSettings
from hemascope.data.readers import read_fields
from hemascope.errors import DatasetError, ExportParityError, ModelError, OutputError, RecipeError
from hemascope.evaluation.detection import DetectionEvaluation, measure_detections
from hemascope.evaluation.thresholds import classification_thresholds, detection_thresholds
from hemascope.export.bundle import FinishedRun, load_run, write_bundle
from hemascope.export.card import load_identity
from hemascope.export.parity import check_parity
from hemascope.export.run import export_run
from hemascope.export.to_onnx import export_detector
from hemascope.imaging.normalise import normalise_batch
from hemascope.inference.bundle import load_bundle
from hemascope.inference.classifier import ClassifiedCells, Classifier
from hemascope.inference.detector import Detector
from hemascope.models import create_model
from hemascope.models.layers.box_refinement import BoxRefinement
from hemascope.training.checkpoint import FILE_NAME
from hemascope.training.normalisation import MEAN, STD
from torch_half.small_models import SMALL


def field_batch(width: int = 96, height: int = 96, count: int = 1) -> NDArray[np.float32]:
    """Painted fields as network input, repeated or cut to the size asked for."""
    rgb = np.tile(paint_cells(0)[0], (4, 4, 1))[:height, :width]
    return normalise_batch([rgb] * count, MEAN, STD)


def session(bundle: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(bundle / "model.onnx"), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(
    ("count", "width", "height"), [(1, 96, 96), (3, 96, 64), (1, 32, 128), (2, 160, 32)],
    ids=["as trained", "batch of wide ones", "tall", "wide strip"],
)  # fmt: skip
def test_exported_detector_repeats_the_trained_one_at_any_batch_and_size(
    detector_run: Path, detector_bundle: Path, count: int, width: int, height: int
) -> None:
    batch = field_batch(width, height, count)
    with torch.no_grad():
        boxes, scores = load_run(detector_run).model.predict(torch.from_numpy(batch))  # type: ignore[operator]
    onnx_boxes, onnx_scores = session(detector_bundle).run(["boxes", "scores"], {"image": batch})
    assert onnx_boxes.shape == boxes.shape
    np.testing.assert_allclose(onnx_boxes, boxes.numpy(), atol=0.01, rtol=1e-3)
    np.testing.assert_allclose(onnx_scores, scores.numpy(), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("retinanet_light", {"path_aggregation": True, "iou_branch": False}),
        ("retinanet_light", {"path_aggregation": True, "iou_branch": True, "refinements": 2, "refined_boxes": 2000}),
        ("retinanet_paper", {"path_aggregation": True, "iou_branch": True}),
    ],
    ids=["light with path aggregation alone", "light with refinement", "paper"],
)
def test_exported_network_of_every_kind_repeats_the_original_at_any_multiple_of_its_stride(
    name: str, options: dict[str, object], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    model = create_model(name, task="detection", num_classes=2, **(SMALL[name] | options)).eval()
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_uniform_(layer.weight, a=1)  # the first weights see nothing
        elif isinstance(layer, BoxRefinement):
            nn.init.normal_(layer.head.weight, std=0.02)
    nn.init.zeros_(model.class_head.bias)  # type: ignore[arg-type,union-attr]
    export_detector(model, tmp_path / "model.onnx", example_size=128)
    onnx_session = session(tmp_path)
    for count, width, height in ((2, 128, 128), (3, 384, 128), (1, 160, 96), (1, 32, 32)):
        batch = field_batch(width, height, count)
        with torch.no_grad():
            boxes, scores = model.predict(torch.from_numpy(batch))  # type: ignore[operator]
        onnx_boxes, onnx_scores = onnx_session.run(["boxes", "scores"], {"image": batch})
        np.testing.assert_allclose(onnx_boxes, boxes.numpy(), atol=0.01, rtol=1e-3)
        np.testing.assert_allclose(onnx_scores, scores.numpy(), atol=1e-4)
        assert scores.max() - scores.min() > 0.01


@pytest.mark.parametrize("count", [1, 5])
def test_exported_classifier_repeats_the_trained_one_at_any_batch(
    classifier_run: Path, classifier_bundle: Path, count: int
) -> None:
    batch = np.random.default_rng(0).normal(size=(count, 3, 48, 48)).astype(np.float32)
    with torch.no_grad():
        logits, features = load_run(classifier_run).model(torch.from_numpy(batch))
    onnx_logits, onnx_features = session(classifier_bundle).run(["logits", "features"], {"image": batch})
    np.testing.assert_allclose(onnx_logits, logits.numpy(), atol=1e-3, rtol=1e-3)
    np.testing.assert_allclose(onnx_features, features.numpy(), atol=1e-3, rtol=1e-3)


def test_detector_whose_work_depends_on_what_it_sees_is_not_exported(tmp_path: Path) -> None:
    model = create_model("faster_rcnn", task="detection", num_classes=2, **SMALL["faster_rcnn"])
    with pytest.raises(ModelError, match="a FasterRcnn cannot be exported to ONNX"):
        export_detector(model, tmp_path / "model.onnx", example_size=64)
    assert not (tmp_path / "model.onnx").exists()


def test_parity_reports_the_differences_of_a_faithful_export(detector_run: Path, detector_bundle: Path) -> None:
    parity = check_parity(
        load_run(detector_run).model, detector_bundle / "model.onnx", [field_batch(count=2)], detector=True
    )
    assert parity.images == 2
    assert parity.probability < 1e-4
    assert parity.box_px is not None
    assert parity.box_px < 0.05


@pytest.mark.parametrize(
    ("part", "change"), [("class_head", 0.01), ("box_head", 0.05), ("class_head", float("nan"))],
    ids=["classes", "boxes", "not a number"],
)  # fmt: skip
def test_parity_refuses_a_detector_that_is_not_the_trained_one(
    detector_run: Path, detector_bundle: Path, part: str, change: float
) -> None:
    model = load_run(detector_run).model
    with torch.no_grad():
        model.get_submodule(part).bias += change  # type: ignore[operator]
    with pytest.raises(ExportParityError):
        check_parity(model, detector_bundle / "model.onnx", [field_batch()], detector=True)


def test_parity_refuses_to_judge_a_detector_that_sees_nothing(detector_run: Path, detector_bundle: Path) -> None:
    glass = np.zeros((1, 3, 64, 64), np.float32)
    model = load_run(detector_run).model
    with torch.no_grad():
        model.class_head.bias -= 100  # type: ignore[operator,union-attr]
    with pytest.raises(ExportParityError, match="no cell is seen on 1 images"):
        check_parity(model, detector_bundle / "model.onnx", [glass], detector=True)


def test_parity_refuses_a_classifier_that_is_not_the_trained_one(classifier_run: Path, classifier_bundle: Path) -> None:
    model, batch = load_run(classifier_run).model, np.zeros((2, 3, 48, 48), np.float32)
    parity = check_parity(model, classifier_bundle / "model.onnx", [batch], detector=False)
    assert (parity.images, parity.box_px) == (2, None)
    with torch.no_grad():
        model.head.bias[0] += 1  # type: ignore[index,operator,union-attr]
    with pytest.raises(ExportParityError, match=r"model\.onnx differs from the trained network on 2 images"):
        check_parity(model, classifier_bundle / "model.onnx", [batch], detector=False)


def test_manifest_tells_where_the_detector_comes_from(detector_bundle: Path) -> None:
    manifest = load_bundle(detector_bundle).manifest
    assert (manifest.name, manifest.task, manifest.architecture) == ("tiny-detector", "detection", "retinanet_light")
    assert manifest.classes == ("wbc", "rbc", "platelet")
    assert (manifest.preprocessing.input_size, manifest.preprocessing.stride) == (96, 32)
    assert manifest.training_run.startswith("detector-seed0-")
    assert manifest.training_run.endswith("-epoch16")
    assert manifest.detection is not None
    assert set(manifest.detection.class_thresholds) == set(manifest.classes)
    assert 0 < manifest.detection.score_threshold == min(manifest.detection.class_thresholds.values())
    assert {"ap50", "ap75_wbc", "ap_platelet"} <= manifest.metrics.keys()


def test_manifest_tells_how_the_classifier_is_served(classifier_bundle: Path) -> None:
    manifest = load_bundle(classifier_bundle).manifest
    assert set(manifest.classes) == set(CLASSIFIER_CLASSES)
    settings = manifest.classification
    assert settings is not None
    assert (settings.crop_context, settings.whole_image_zoom) == (1.5, 0.8)
    assert settings.feature_check is not None
    assert settings.min_logsumexp is None
    assert settings.conformal is not None
    assert set(settings.conformal.quantiles) == set(manifest.classes)
    assert {"accuracy", "accuracy_coarse", "macro_f1", "ece"} <= manifest.metrics.keys()
    card = (classifier_bundle / "MODEL_CARD.md").read_text()
    assert "Knows discs only." in card
    assert settings.feature_check.sha256 in card
    assert "95% of the cells of every class" in card
    assert "Measured on pbc, val (11 images)" in card


def test_exported_bundles_are_served(detector_bundle: Path, classifier_bundle: Path, cells_root: Path) -> None:
    assert Detector(load_bundle(detector_bundle)).classes == ("wbc", "rbc", "platelet")
    cells = Classifier(load_bundle(classifier_bundle)).classify([np.full((60, 60, 3), 120, np.uint8)])
    assert cells.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_run_whose_weights_do_not_fit_its_recipe_is_refused(detector_run: Path, tmp_path: Path) -> None:
    content = torch.load(detector_run / FILE_NAME, weights_only=True)
    content["recipe"]["model"]["options"]["width"] = 16
    torch.save(content, tmp_path / FILE_NAME)
    with pytest.raises(ModelError, match="weights do not fit the network of their recipe"):
        load_run(tmp_path)


def test_bundle_that_cannot_be_written_is_an_output_error(
    classifier_run: Path, classifier_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    identity = load_identity(write_identity(tmp_path / "identity.yaml"))
    settings = ClassificationSettings(crop_context=1.5)
    with pytest.raises(OutputError, match="cannot write the bundle to"):
        write_bundle(
            load_run(classifier_run),
            classifier_bundle / "model.onnx",
            tmp_path / "file" / "b",
            identity,
            settings,
            {},
            "nothing",
        )


def test_figures_that_are_not_a_number_are_left_out_of_the_manifest(
    classifier_run: Path, classifier_bundle: Path, tmp_path: Path
) -> None:
    run: FinishedRun = load_run(classifier_run)
    identity = load_identity(write_identity(tmp_path / "identity.yaml"))
    metrics = {"accuracy": 0.123456, "f1_blast": float("nan")}
    settings = ClassificationSettings(crop_context=1.5)
    write_bundle(run, classifier_bundle / "model.onnx", tmp_path / "b", identity, settings, metrics, "nothing")
    assert load_bundle(tmp_path / "b").manifest.metrics == {"accuracy": 0.1235}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": None}, "name: "),
        ({"data": []}, "data: "),
        ({"author": "me"}, "author: "),
    ],
    ids=["no name", "no data", "unknown key"],
)
def test_identity_error_names_the_key(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = write_identity(tmp_path / "identity.yaml")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    with pytest.raises(RecipeError, match=rf"identity\.yaml: {message}"):
        load_identity(path)


def test_identity_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read as YAML"):
        load_identity(tmp_path / "none.yaml")
    (tmp_path / "empty.yaml").touch()
    with pytest.raises(RecipeError, match="identity: "):
        load_identity(tmp_path / "empty.yaml")


def evaluation_with(tmp_path: Path, found: Sequence[str], alarm: float) -> DetectionEvaluation:
    """Every cell of the classes `found` with the score 0.61234; one white cell where none is, with that of `alarm`."""
    dataset = read_fields("txl-pbc", write_txl_pbc(tmp_path / "d", {"val": range(120)}), "val")
    predictions = []
    for i, sample in enumerate(dataset.samples):
        is_found = np.isin(sample.class_ids, [dataset.classes.index(name) for name in found])
        boxes, class_ids = sample.boxes_xyxy[is_found], sample.class_ids[is_found]
        scores = np.full(len(boxes), 0.61234, np.float32)
        if i == 0:
            boxes = np.concatenate([boxes, np.array([[0, 0, 2, 2]], np.float32)])
            class_ids, scores = np.append(class_ids, 0), np.append(scores, np.float32(alarm))
        predictions.append(Detections(boxes, scores, class_ids))
    return measure_detections(dataset, predictions)


@pytest.mark.parametrize("alarm", [0.4, 0.9], ids=["one false alarm is tolerated", "no use in leaving cells out"])
def test_detector_reports_from_the_lowest_score_at_which_f1_is_nearly_the_best(tmp_path: Path, alarm: float) -> None:
    evaluation = evaluation_with(tmp_path, ("wbc", "rbc", "platelet"), alarm)
    settings = detection_thresholds(evaluation, DetectionSettings(score_threshold=0.02))
    assert settings.class_thresholds == {"wbc": min(alarm, 0.6123), "rbc": 0.6123, "platelet": 0.6123}
    assert settings.score_threshold == min(alarm, 0.6123)


def test_class_that_is_never_found_has_no_threshold(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no 'platelet' is found where the validation images have"):
        detection_thresholds(evaluation_with(tmp_path, ("wbc", "rbc"), 0.4), DetectionSettings(score_threshold=0.02))


def test_classes_are_withheld_below_the_probability_at_which_too_many_are_wrong() -> None:
    # 96 sure and right cells, 4 unsure and wrong ones, one more unsure and wrong one
    logits = np.array([[8.0, 0.0]] * 96 + [[0.9, 0.0]] * 4 + [[0.1, 0.0]] * 20, np.float32)
    labels = np.array([0] * 96 + [1] * 24, np.int64)
    settings = classification_thresholds(logits, labels, ClassificationSettings(crop_context=1.5), ("a", "b"))
    cells = ClassifiedCells.from_logits(logits, settings, ("a", "b"))
    kept = ~cells.unidentified
    assert kept[:96].all()
    assert (labels[kept] == 1).mean() <= 0.08
    assert cells.unidentified[100:].all()


def test_nothing_is_withheld_for_probability_when_all_is_right() -> None:
    logits = np.array([[5.0, 0.0], [0.0, 2.0]] * 20, np.float32)
    labels = np.array([0, 1] * 20, np.int64)
    settings = classification_thresholds(logits, labels, ClassificationSettings(crop_context=1.5), ("a", "b"))
    assert (
        settings.min_probability
        <= ClassifiedCells.from_logits(logits, settings, ("a", "b")).probabilities.max(axis=1).min() + 1e-4
    )


def test_bundle_manifest_is_json_that_ends_with_a_line_break(detector_bundle: Path) -> None:
    text = (detector_bundle / "manifest.json").read_text()
    assert text.endswith("}\n")
    assert json.loads(text)["schema"] == "hemascope.bundle/1"


def test_exported_network_names_no_path_of_the_machine(detector_bundle: Path, classifier_bundle: Path) -> None:
    for bundle in (detector_bundle, classifier_bundle):
        assert str(Path(hemascope.__file__).parent).encode() not in (bundle / "model.onnx").read_bytes()


def test_failed_export_leaves_no_bundle(detector_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(detector_run, run)
    identity = load_identity(write_identity(tmp_path / "identity.yaml"))
    with pytest.raises(DatasetError):
        export_run(run, identity, tmp_path / "no-data", None, tmp_path / "out", lambda *_: None)
    assert not (tmp_path / "out").exists()
