"""Models in memory: loaded once a worker process, whatever cases its jobs are about."""

from functools import lru_cache

from hemascope.core.manifest import ModelManifest
from hemascope.errors import BundleError, BundleHashMismatchError
from hemascope.inference.bundle import ModelBundle, load_manifest
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.service.registry import Task, find_bundle, load_named_bundle
from hemascope.web.analyses.models import DetectionRun, RecognitionRun

_KEPT = 2  # of each kind: the one in use, and the one before while an operator changes over


def manifest_of(name: str | None, task: Task) -> ModelManifest:
    """Of an installed bundle; None is the default of the task. Raises BundleError.

    The network's file is verified by the worker: it may be large, and a transaction waits here.
    """
    manifest = load_manifest(find_bundle(name, task))
    if manifest.task != task:
        raise BundleError(f"the bundle '{manifest.name}' is for {manifest.task}, but one for {task} is needed")
    return manifest


def detector_of(run: DetectionRun) -> Detector:
    """Raises BundleError, also where the bundle was replaced since the run was ordered."""
    return _detector(run.bundle_name, run.bundle_sha256, run.score_threshold)


def classifier_of(run: RecognitionRun) -> Classifier:
    """Raises as `detector_of`."""
    return _classifier(run.bundle_name, run.bundle_sha256)


@lru_cache(_KEPT)
def _detector(name: str, sha256: str, score_threshold: float | None) -> Detector:
    return Detector(_bundle(name, sha256, "detection"), score_threshold=score_threshold)


@lru_cache(_KEPT)
def _classifier(name: str, sha256: str) -> Classifier:
    return Classifier(_bundle(name, sha256, "classification"))


def _bundle(name: str, sha256: str, task: Task) -> ModelBundle:
    bundle = load_named_bundle(name, task)
    if bundle.manifest.onnx_sha256 != sha256:
        raise BundleHashMismatchError(
            f"the bundle '{name}' has sha256 {bundle.manifest.onnx_sha256[:12]}..., but the run was ordered with "
            f"{sha256[:12]}...; it was replaced meanwhile: start a new run"
        )
    return bundle
