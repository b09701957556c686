"""From a finished run to a checked bundle: what `hemascope export` does."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.core.feature_distribution import FeatureDistribution
from hemascope.core.manifest import ClassificationSettings, DetectionSettings, ModelManifest
from hemascope.core.suppression import BoxVoting
from hemascope.data.detected_boxes import with_detected_boxes
from hemascope.data.fingerprint_cache import FILE_NAME
from hemascope.data.images import read_image
from hemascope.data.protocol import CellParts
from hemascope.data.readers import read_fields
from hemascope.data.sample import CellDataset, FieldDataset
from hemascope.errors import RecipeError
from hemascope.evaluation.classification import evaluate_classifier
from hemascope.evaluation.detection import SCORE_FLOOR, evaluate_detector
from hemascope.evaluation.thresholds import DEFAULT_TOLERANCE, ToleratedErrors, detection_thresholds
from hemascope.export.bundle import FinishedRun, load_run, write_bundle, write_onnx
from hemascope.export.card import BundleIdentity
from hemascope.export.classifier_settings import figures_of, fit_settings, judge
from hemascope.export.known_cells import known_features, other_laboratories
from hemascope.export.parity import Parity, check_parity
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import Letterbox
from hemascope.inference.bundle import load_bundle
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.training.cell_parts import read_parts
from hemascope.training.classification import serving_crops
from hemascope.training.normalisation import MEAN, STD
from hemascope.training.recipe import ClassificationRecipe, DetectionRecipe

PARITY_IMAGES = 32
ReportStage = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class ExportedBundle:
    manifest: ModelManifest
    parity: Parity


@dataclass(frozen=True, slots=True)
class _Measured:
    """What the validation images say about an exported network."""

    parity: Parity
    settings: DetectionSettings | ClassificationSettings
    metrics: dict[str, float]
    validation: str  # which images they are
    known: FeatureDistribution | None = None  # features of a classifier's training cells


def export_run(
    run_folder: Path,
    identity: BundleIdentity,
    data_root: Path,
    detections_json: Path | None,
    out: Path,
    report: ReportStage,
    tolerated: ToleratedErrors = DEFAULT_TOLERANCE,
) -> ExportedBundle:
    """Export the network, prove that it repeats the original, read its thresholds off the validation images.

    `out` is written last, when all that went well. Raises ExportParityError when the network does not repeat the
    original, ModelError when no threshold can be read off, and what the readers and `load_run` raise.
    """
    run = load_run(run_folder)
    if run.recipe.task == "detection" and detections_json is not None:
        raise RecipeError("--boxes belongs to classification runs; a detector finds its boxes itself")
    with tempfile.TemporaryDirectory() as scratch:
        onnx_path = Path(scratch) / "model.onnx"
        if isinstance(run.recipe, DetectionRecipe):
            measured = _measure_detector(run, run.recipe, identity, data_root, onnx_path, report)
        else:
            measured = _measure_classifier(
                run,
                run.recipe,
                identity,
                read_parts(run.recipe.data, data_root, run_folder / FILE_NAME),
                data_root,
                detections_json,
                onnx_path,
                report,
                tolerated,
            )
        manifest = write_bundle(
            run, onnx_path, out, identity, measured.settings, measured.metrics, measured.validation, measured.known
        )
    return ExportedBundle(manifest, measured.parity)


def _measure_detector(
    run: FinishedRun,
    recipe: DetectionRecipe,
    identity: BundleIdentity,
    data_root: Path,
    onnx_path: Path,
    report: ReportStage,
) -> _Measured:
    dataset = read_fields(recipe.data.reader, data_root, recipe.data.val_split)
    _write_network(run, onnx_path, report)
    parity = check_parity(run.model, onnx_path, _field_batches(run, recipe, dataset), detector=True)
    validation = _describe(dataset.name, recipe.data.val_split, len(dataset.samples))
    trial = onnx_path.parent / "trial"
    settings = DetectionSettings(score_threshold=SCORE_FLOOR, box_voting=BoxVoting())
    write_bundle(run, onnx_path, trial, identity, settings, {}, validation)
    evaluation = evaluate_detector(Detector(load_bundle(trial), score_threshold=SCORE_FLOOR), dataset, report)
    return _Measured(parity, detection_thresholds(evaluation, settings), evaluation.headline(), validation)


def _measure_classifier(
    run: FinishedRun,
    recipe: ClassificationRecipe,
    identity: BundleIdentity,
    parts: CellParts,
    data_root: Path,
    detections_json: Path | None,
    onnx_path: Path,
    report: ReportStage,
    tolerated: ToleratedErrors,
) -> _Measured:
    dataset = parts.val
    boxed = None if detections_json is None else with_detected_boxes(dataset, detections_json, recipe.data.cell_box)
    _write_network(run, onnx_path, report)
    parity = check_parity(run.model, onnx_path, _cell_batches(recipe, dataset), detector=False)
    validation = _describe(dataset.name, recipe.data.measured_part, len(dataset.samples))
    trial = onnx_path.parent / "trial"
    settings = ClassificationSettings(crop_context=recipe.crop_context, whole_image_zoom=recipe.whole_image_zoom)
    write_bundle(run, onnx_path, trial, identity, settings, {}, validation)
    classifier = Classifier(load_bundle(trial))
    learned = evaluate_classifier(classifier, parts.train, report)
    other = other_laboratories(classifier, parts, recipe, data_root, detections_json)
    known = known_features(learned, other)
    measured = evaluate_classifier(classifier, dataset, report)
    detected = None if boxed is None else evaluate_classifier(classifier, boxed, report)
    settings = fit_settings(measured, known, tolerated, detected, None if other is None else other.check_features)
    metrics = figures_of(judge(measured, settings, known), tolerated)
    if detected is not None:
        figures = judge(detected, settings, known).headline()
        names = ("accuracy", "accuracy_coarse", "macro_f1", "identified_share")
        metrics |= {f"{name}_detected_crops": figures[name] for name in names if name in figures}
    return _Measured(parity, settings, metrics, validation, known)


def _write_network(run: FinishedRun, onnx_path: Path, report: ReportStage) -> None:
    """Takes most of an export's time, hence after everything that can be refused."""
    report("export", 0, 1)
    write_onnx(run, onnx_path)
    report("export", 1, 1)


def _describe(dataset: str, split: str, images: int) -> str:
    return f"{dataset}, {split} ({images} images)"


def _spread(count: int) -> list[int]:
    """Indices of images taken evenly over the whole part, so that all sources and classes are met."""
    return sorted({int(i) for i in np.linspace(0, count - 1, min(PARITY_IMAGES, count))})


def _field_batches(run: FinishedRun, recipe: DetectionRecipe, dataset: FieldDataset) -> list[NDArray[np.float32]]:
    stride: int = run.model.stride  # type: ignore[assignment]  # every detector has one
    batches = []
    for i in _spread(len(dataset.samples)):
        rgb = read_image(dataset.samples[i].path)
        letterbox = Letterbox.plan(rgb.shape[1], rgb.shape[0], recipe.eval_size, stride)
        batches.append(normalise_batch([letterbox.apply(rgb)], MEAN, STD))
    return batches


def _cell_batches(recipe: ClassificationRecipe, dataset: CellDataset) -> list[NDArray[np.float32]]:
    crops = serving_crops(dataset.take(_spread(len(dataset.samples))), recipe, whole_image=True)
    return [normalise_batch(crops[i : i + 8], MEAN, STD) for i in range(0, len(crops), 8)]
