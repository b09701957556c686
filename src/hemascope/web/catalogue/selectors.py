"""What is installed, and `active_bundle`: the one place that says which network examines a specimen."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.utils.translation import gettext as _

from hemascope.core.manifest import ModelManifest
from hemascope.errors import BundleError, BundleHashMismatchError, BundleNotFoundError
from hemascope.hematology.differential import Specimen
from hemascope.inference.bundle import ModelBundle, load_bundle, read_manifest
from hemascope.service.active_models import Task
from hemascope.service.registry import DEFAULT_NAMES, InstalledBundle, installed_bundles, load_named_bundle, read_card
from hemascope.web.api.wording import worded_error
from hemascope.web.catalogue.choices import ModelTask, specimen_in_words
from hemascope.web.catalogue.models import Activation


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """`manifest` is None where the bundle cannot be used; `problem` then says why."""

    name: str
    is_shipped: bool
    manifest: ModelManifest | None
    problem: str
    card: str  # Markdown


@dataclass(frozen=True, slots=True)
class ActiveModel:
    """`number` counts the activations of this specimen and task; 0: nobody chose, the shipped default is used."""

    specimen: str
    task: str
    number: int
    bundle_name: str
    bundle_sha256: str | None  # what was activated; None for the default
    by: str | None
    at: datetime | None


def installed_models() -> list[InstalledModel]:
    """By name, each network's file verified."""
    return [_examined(bundle) for bundle in installed_bundles()]


def installed_model(name: str) -> InstalledModel:
    """Raises BundleNotFoundError; `name` is never taken for a path."""
    return _examined(installed_bundle(name))


def installed_bundle(name: str) -> InstalledBundle:
    """Raises BundleNotFoundError."""
    by_name = {bundle.name: bundle for bundle in installed_bundles()}
    if name not in by_name:
        values = {"name": name, "installed": _(", ").join(by_name)}
        raise BundleNotFoundError(_("no model bundle is named '%(name)s'; installed: %(installed)s") % values)
    return by_name[name]


def _examined(bundle: InstalledBundle) -> InstalledModel:
    try:
        manifest, card = load_bundle(bundle.folder).manifest, read_card(bundle.folder)
    except BundleError as error:
        return InstalledModel(bundle.name, bundle.is_shipped, None, worded_error(error), "")
    return InstalledModel(bundle.name, bundle.is_shipped, manifest, "", card)


def newest_activation(specimen: str, task: str) -> Activation | None:
    return Activation.objects.filter(specimen=specimen, task=task).select_related("by").order_by("-number").first()


def active_model(specimen: str, task: str) -> ActiveModel:
    chosen = newest_activation(specimen, task)
    if chosen is None:
        return ActiveModel(specimen, task, 0, DEFAULT_NAMES[cast(Task, task)], None, None, None)
    return ActiveModel(
        specimen, task, chosen.number, chosen.bundle_name, chosen.bundle_sha256, chosen.by.username, chosen.at
    )


def active_models() -> list[ActiveModel]:
    """One for every specimen and task."""
    return [active_model(specimen.value, task.value) for specimen in Specimen for task in ModelTask]


def model_problem(active: ActiveModel) -> str:
    """Why a run with it would fail, as far as its manifest tells; empty: nothing. The network's file is not read."""
    try:
        manifest = read_manifest(installed_bundle(active.bundle_name).folder)
    except BundleError as error:
        return str(error)
    if manifest.task != active.task:
        return f"the bundle '{active.bundle_name}' is for {manifest.task}, not for {active.task}"
    if active.bundle_sha256 not in (None, manifest.onnx_sha256):
        return f"the bundle '{active.bundle_name}' was replaced on disk since it was activated; activate it again"
    return ""


def active_bundle(specimen: str, task: Task) -> ModelBundle:
    """The network for such specimens, its file verified: it is the one that was activated or an error, never another.

    Raises BundleError.
    """
    active = active_model(specimen, task)
    bundle = load_named_bundle(active.bundle_name, task)
    found, wanted = bundle.manifest.onnx_sha256, active.bundle_sha256
    if wanted is not None and found != wanted:
        raise BundleHashMismatchError(
            _(
                "the bundle '%(name)s' has sha256 %(found)s..., but the one activated for %(specimen)s had "
                "%(activated)s...; activate it again, or roll back"
            )
            % {
                "name": active.bundle_name,
                "found": found[:12],
                "specimen": specimen_in_words(specimen),
                "activated": wanted[:12],
            }
        )
    return bundle


def classes_of(name: str, sha256: str) -> tuple[str, ...]:
    """The classes that this very network knows; () where it is no longer installed, so that nothing is known of it."""
    try:
        manifest = read_manifest(installed_bundle(name).folder)
    except BundleError:
        return ()
    return manifest.classes if manifest.onnx_sha256 == sha256 else ()
