import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import make_detections, tiny_bundle
from dataset_builders import write_txl_pbc
from hemascope.core.boxes import FloatArray
from hemascope.core.detections import Detections
from hemascope.core.metrics.average_precision import COCO_THRESHOLDS, GroundTruth, match_class
from hemascope.data.readers import read_cells, read_fields
from hemascope.data.sample import FieldDataset, FieldSample
from hemascope.errors import DatasetError
from hemascope.evaluation.classification import evaluate_classifier
from hemascope.evaluation.cost import measure_cost
from hemascope.evaluation.detection import detection_confusion, evaluate_detector, fields_for, measure_detections
from hemascope.export.bundle import load_run
from hemascope.inference.bundle import load_bundle
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.models.complexity import measure_complexity

CLASSES = 3


def random_boxes(rng: np.random.Generator, count: int) -> FloatArray:
    """Whole pixels in a small field, so that overlaps and equal IoUs are common."""
    corner, size = rng.integers(0, 40, (count, 2)), rng.integers(5, 25, (count, 2))
    return np.concatenate([corner, corner + size], axis=1).astype(np.float32)


def random_images(seed: int) -> tuple[list[Detections], list[GroundTruth]]:
    """Images with and without truth and detections; scores have few values, so ties are common."""
    rng = np.random.default_rng(seed)
    found, truths = [], []
    for image in range(12):
        true = random_boxes(rng, 0 if image == 3 else int(rng.integers(0, 15)))
        near = true + rng.integers(-3, 4, true.shape)
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
        boxes = np.concatenate([near, random_boxes(rng, 5)])[: 0 if image == 5 else None].astype(np.float32)
        truths.append(GroundTruth(true, rng.integers(0, CLASSES - (seed % 2), len(true))))
        found.append(
            Detections(
                boxes,
                (rng.integers(1, 8, len(boxes)) / 8).astype(np.float32),
                rng.integers(0, CLASSES, len(boxes)),
            )
        )
    return found, truths


def coco_figures(found: list[Detections], truths: list[GroundTruth]) -> tuple[FloatArray, FloatArray]:
    """Average precision and recall `(thresholds, classes)` of the reference, NaN where a class has no truth."""
    from faster_coco_eval import COCO, COCOeval_faster

    def xywh(box: FloatArray) -> list[float]:
        x1, y1, x2, y2 = (float(v) for v in box)
        return [x1, y1, x2 - x1, y2 - y1]

    annotations = [
        {"image_id": i, "category_id": int(c), "bbox": xywh(b), "area": 1.0, "iscrowd": 0}
        for i, t in enumerate(truths)
        for b, c in zip(t.boxes_xyxy, t.class_ids, strict=True)
    ]
    reference = COCO(
        {
            "images": [{"id": i, "width": 100, "height": 100} for i in range(len(truths))],
            "categories": [{"id": c, "name": str(c)} for c in range(CLASSES)],
            "annotations": [{"id": n, **a} for n, a in enumerate(annotations, start=1)],
        }
    )
    results = reference.loadRes(
        [
            {"image_id": i, "category_id": int(c), "bbox": xywh(b), "score": float(s)}
            for i, d in enumerate(found)
            for b, s, c in zip(d.boxes_xyxy, d.scores, d.class_ids, strict=True)
        ]
    )
    evaluator = COCOeval_faster(reference, results, "bbox", print_function=lambda *_: None)
    evaluator.params.maxDets = [1, 10, 300]
    evaluator.evaluate()
    evaluator.accumulate()
    precision = evaluator.eval["precision"][:, :, :, 0, -1].mean(axis=1)  # over recalls; area "all", most detections
    recall = evaluator.eval["recall"][:, :, 0, -1]
    return np.where(precision < 0, np.nan, precision), np.where(recall < 0, np.nan, recall)


def dataset_of(truths: list[GroundTruth]) -> FieldDataset:
    samples = [
        FieldSample(Path(f"{i}.png"), t.boxes_xyxy, t.class_ids, "painted", str(i)) for i, t in enumerate(truths)
    ]
    return FieldDataset("random", ("a", "b", "c"), tuple(samples))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_average_precision_and_recall_are_those_of_the_reference_implementation(seed: int) -> None:
    found, truths = random_images(seed)
    ap, ar = coco_figures(found, truths)
    rows = measure_detections(dataset_of(truths), found).rows[:CLASSES]
    matches = [match_class(found, truths, c) for c in range(CLASSES)]
    ours = [[m.average_precision(t) for m in matches] for t in COCO_THRESHOLDS]
    np.testing.assert_allclose(ours, ap, atol=1e-6)
    np.testing.assert_allclose([[m.recall(t) for m in matches] for t in COCO_THRESHOLDS], ar, atol=1e-6)
    np.testing.assert_allclose(
        [[r.ap, r.ap50, r.ap75, r.ap90] for r in rows],
        np.stack([ap.mean(axis=0), ap[0], ap[5], ap[8]], axis=1),
        atol=1e-6,
    )
    np.testing.assert_allclose([[r.ar50, r.ar75, r.ar90] for r in rows], ar[[0, 5, 8]].T, atol=1e-6)


def test_operating_points_are_the_best_of_every_iou() -> None:
    truth = GroundTruth(np.array([[0, 0, 10, 10], [20, 0, 30, 10]], np.float32), np.array([0, 0]))
    # one exact box, one at IoU 2/3, one false alarm between them
    found = make_detections([[0, 0, 10, 10], [50, 50, 60, 60], [22, 0, 32, 10]], [0.9, 0.8, 0.7], [0, 0, 0])
    points = measure_detections(dataset_of([truth]), [found]).operating_points()
    assert [(p.class_id, p.iou) for p in points] == [(c, t) for c in "abc" for t in COCO_THRESHOLDS]
    loose, strict = points[0], points[5]
    assert (loose.threshold, loose.precision, loose.recall, loose.f1) == pytest.approx((0.7, 2 / 3, 1, 0.8))
    assert (strict.threshold, strict.precision, strict.recall, strict.f1) == pytest.approx((0.9, 1, 0.5, 2 / 3))
    assert strict.ap == pytest.approx(51 / 101)


def test_predictions_that_do_not_pair_up_with_fields_are_refused() -> None:
    with pytest.raises(ValueError, match="1 predictions for 0 fields"):
        measure_detections(dataset_of([]), [Detections.empty()])


def test_bundle_of_some_classes_is_measured_on_those(tmp_path: Path, fields_root: Path) -> None:
    detector = Detector(load_bundle(tiny_bundle(tmp_path / "d", "detection")))
    detector.classes = ("rbc", "wbc")
    dataset = read_fields("txl-pbc", fields_root, "val")
    kept = fields_for(detector, dataset)
    assert kept.classes == ("rbc", "wbc")
    platelets = sum(int((s.class_ids == 2).sum()) for s in dataset.samples)
    assert sum(len(s.class_ids) for s in kept.samples) == sum(len(s.class_ids) for s in dataset.samples) - platelets


def test_size_of_a_network_file_is_that_of_the_network_it_was_made_from(
    detector_run: Path, detector_bundle: Path
) -> None:
    bundle = load_bundle(detector_bundle)
    cost = measure_cost(bundle, images=4, seconds=2.0, threads=1)
    expected = measure_complexity(load_run(detector_run).model, height=cost.input_size, width=cost.input_size)
    assert cost.macs == expected.macs
    assert cost.parameters == pytest.approx(expected.parameters, rel=0.02)  # constants in, folded norms out
    assert cost.images_per_second == 2.0


def test_detector_evaluation_has_a_row_for_every_class_and_source(detector_bundle: Path, fields_root: Path) -> None:
    dataset = read_fields("txl-pbc", fields_root, "val")
    steps: list[tuple[str, int, int]] = []
    found = evaluate_detector(
        Detector(load_bundle(detector_bundle), score_threshold=0.02), dataset, lambda *step: steps.append(step)
    )
    assert steps == [("detect", 1, 2), ("detect", 2, 2)]
    assert [(r.source, r.class_id) for r in found.rows] == [
        (source, c) for source in ("all", "bccd", "raabin") for c in dataset.classes
    ]
    headline = found.headline()
    assert headline["ap50"] == pytest.approx(1, abs=0.02)
    assert headline["ap50"] == pytest.approx(np.mean([headline[f"ap50_{c}"] for c in dataset.classes]))
    assert sum(r.truths for r in found.rows if r.source == "all") == 10


def test_source_without_a_class_has_no_figures_for_it_but_the_mean_has(tmp_path: Path) -> None:
    root = write_txl_pbc(tmp_path / "d", {"val": [0, 1]})
    (root / "labels" / "val-0.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (root / "labels" / "val-1.txt").write_text("")
    detector = Detector(load_bundle(tiny_bundle(tmp_path / "b", "detection")))
    found = evaluate_detector(detector, read_fields("txl-pbc", root, "val"), lambda *_: None)
    assert math.isnan(found.headline()["ap50_rbc"])
    assert not math.isnan(found.headline()["ap50"])


def test_evaluation_refuses_a_bundle_of_other_classes(tmp_path: Path, fields_root: Path, cells_root: Path) -> None:
    detector = Detector(load_bundle(tiny_bundle(tmp_path / "d", "detection", classes=["a", "b", "c"])))
    with pytest.raises(DatasetError, match="the bundle finds"):
        evaluate_detector(detector, read_fields("txl-pbc", fields_root, "val"), lambda *_: None)
    classifier = Classifier(
        load_bundle(tiny_bundle(tmp_path / "c", "classification", classes=["monocyte", "platelet"]))
    )
    with pytest.raises(DatasetError, match=r"cannot name .*'basophil'.*it knows monocyte, platelet"):
        evaluate_classifier(classifier, read_cells("pbc", cells_root, "val"), lambda *_: None)


def test_classifier_evaluation_measures_what_was_painted(classifier_bundle: Path, cells_root: Path) -> None:
    dataset = read_cells("pbc", cells_root, "val")
    found = evaluate_classifier(Classifier(load_bundle(classifier_bundle)), dataset, lambda *_: None)
    headline = found.headline()
    assert found.confusion.sum() == 11
    assert headline["accuracy"] == pytest.approx(np.trace(found.confusion) / 11)
    assert headline["accuracy_low"] <= headline["accuracy"] <= headline["accuracy_high"]
    assert headline["accuracy_coarse"] >= headline["accuracy"]
    assert len(found.coarse_classes) == 8


@pytest.mark.parametrize(
    ("boxes", "scores", "class_ids", "expected"),
    [
        ([], [], [], [[0, 0, 1], [0, 0, 1], [0, 0, 0]]),
        ([[0, 0, 10, 10], [20, 0, 30, 10]], [0.9, 0.9], [0, 1], [[1, 0, 0], [0, 1, 0], [0, 0, 0]]),
        ([[0, 0, 10, 10], [20, 0, 30, 10]], [0.9, 0.9], [1, 1], [[0, 1, 0], [0, 1, 0], [0, 0, 0]]),
        ([[0, 0, 10, 10]], [0.4], [0], [[0, 0, 1], [0, 0, 1], [0, 0, 0]]),
        ([[50, 50, 60, 60]], [0.9], [1], [[0, 0, 1], [0, 0, 1], [0, 1, 0]]),
        ([[1, 0, 11, 10], [0, 0, 10, 10]], [0.9, 0.6], [1, 0], [[1, 0, 0], [0, 0, 1], [0, 1, 0]]),
    ],
    ids=["nothing found", "all right", "one of the wrong class", "below the threshold", "false alarm", "closest wins"],
)  # fmt: skip
def test_detection_confusion_counts_pairs_missed_and_background(
    boxes: list[list[float]], scores: list[float], class_ids: list[int], expected: list[list[int]]
) -> None:
    truth = GroundTruth(np.array([[0, 0, 10, 10], [20, 0, 30, 10]], np.float32), np.array([0, 1]))
    found = make_detections(boxes, scores, class_ids)
    thresholds = np.array([0.5, 0.5], np.float32)
    np.testing.assert_array_equal(detection_confusion([found], [truth], thresholds, 2), expected)


def test_detection_confusion_of_a_field_without_cells_is_all_background() -> None:
    truth = GroundTruth(np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    confusion = detection_confusion([make_detections()], [truth], np.zeros(1, np.float32), 1)
    np.testing.assert_array_equal(confusion, [[0, 0], [2, 0]])
