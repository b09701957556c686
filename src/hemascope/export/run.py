"""From a finished run to a checked bundle: what `hemascope export` does."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.core.manifest import ClassificationSettings, DetectionSettings, ModelManifest
from hemascope.core.suppression import BoxVoting
from hemascope.data.fingerprint_cache import FILE_NAME
from hemascope.data.images import read_image
from hemascope.data.readers import read_fields
from hemascope.data.readers.pbc import with_detected_boxes
from hemascope.data.sample import CellDataset, FieldDataset
from hemascope.errors import RecipeError
from hemascope.evaluation.classification import ClassificationEvaluation, evaluate_classifier
from hemascope.evaluation.detection import SCORE_FLOOR, evaluate_detector
from hemascope.evaluation.thresholds import classification_thresholds, detection_thresholds
from hemascope.export.bundle import FinishedRun, load_run, write_bundle, write_onnx
from hemascope.export.card import BundleIdentity
from hemascope.export.parity import Parity, check_parity
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import Letterbox
from hemascope.inference.bundle import load_bundle
from hemascope.inference.classifier import ClassifiedCells, Classifier
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


def export_run(
    run_folder: Path,
    identity: BundleIdentity,
    data_root: Path,
    detections_json: Path | None,
    out: Path,
    report: ReportStage,
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
                read_parts(run.recipe.data, data_root, run_folder / FILE_NAME).val,
                detections_json,
                onnx_path,
                report,
            )
        manifest = write_bundle(run, onnx_path, out, identity, measured.settings, measured.metrics, measured.validation)
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
    dataset: CellDataset,
    detections_json: Path | None,
    onnx_path: Path,
    report: ReportStage,
) -> _Measured:
    boxed = None if detections_json is None else with_detected_boxes(dataset, detections_json)
    _write_network(run, onnx_path, report)
    parity = check_parity(run.model, onnx_path, _cell_batches(recipe, dataset), detector=False)
    validation = _describe(dataset.name, recipe.data.measured_part, len(dataset.samples))
    trial = onnx_path.parent / "trial"
    settings = ClassificationSettings(crop_context=recipe.crop_context, whole_image_zoom=recipe.whole_image_zoom)
    write_bundle(run, onnx_path, trial, identity, settings, {}, validation)
    measured = evaluate_classifier(Classifier(load_bundle(trial)), dataset, report)
    # with temperature 1 the probabilities and the log-sum-exp give the logits back
    logits = np.log(np.maximum(measured.cells.probabilities, 1e-30)) + measured.cells.logsumexp[:, None]
    settings = classification_thresholds(logits, measured.labels, settings, run.classes)
    cells = ClassifiedCells.from_logits(logits, settings, run.classes)
    metrics = ClassificationEvaluation(run.classes, measured.labels, cells).headline()
    if boxed is not None:
        write_bundle(run, onnx_path, trial, identity, settings, {}, validation)
        detected = evaluate_classifier(Classifier(load_bundle(trial)), boxed, report).headline()
        metrics |= {f"{name}_detected_crops": detected[name] for name in ("accuracy", "accuracy_coarse", "macro_f1")}
    return _Measured(parity, settings, metrics, validation)


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
