"""Models in memory: loaded once a worker process, whatever cases its jobs are about."""

from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

from hemascope.core.manifest import ModelManifest
from hemascope.errors import BundleError, BundleHashMismatchError
from hemascope.inference.bundle import ModelBundle, read_manifest
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.service.active_models import Task
from hemascope.service.registry import load_named_bundle
from hemascope.web.analyses.models import DetectionRun, RecognitionRun
from hemascope.web.cases.models import Case
from hemascope.web.catalogue.choices import ModelTask
from hemascope.web.catalogue.selectors import active_model, installed_bundle

_KEPT = 2  # of each kind: the one in use, and the one before while an operator changes over


@dataclass(frozen=True, slots=True)
class ChosenBundle:
    """`name` is what it is installed under."""

    name: str
    manifest: ModelManifest


def choose_bundle(case: Case, task: Task, name: str | None) -> ChosenBundle:
    """The bundle called `name`; None is the one that is active for such specimens. Raises BundleError.

    The worker verifies the network's file: it may be large, and a transaction waits here.
    """
    active = active_model(case.specimen, task)
    chosen = ChosenBundle(bundle := name or active.bundle_name, read_manifest(installed_bundle(bundle).folder))
    if chosen.manifest.task != task:
        values = {"name": bundle, "task": ModelTask(chosen.manifest.task).label, "wanted": ModelTask(task).label}
        raise BundleError(_("the bundle '%(name)s' is for %(task)s, but one for %(wanted)s is needed") % values)
    if name is None and active.bundle_sha256 not in (None, chosen.manifest.onnx_sha256):
        raise BundleHashMismatchError(
            _("the bundle '%(name)s' is no longer the one that was activated; activate it again, or roll back")
            % {"name": bundle}
        )
    return chosen


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
            _(
                "the bundle '%(name)s' has sha256 %(found)s..., but the run was ordered with %(ordered)s...; "
                "it was replaced meanwhile: start a new run"
            )
            % {"name": name, "found": bundle.manifest.onnx_sha256[:12], "ordered": sha256[:12]}
        )
    return bundle
