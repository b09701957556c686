"""Choosing the network for a specimen and a task. Each choice and its audit event are one transaction."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from hemascope.errors import BundleError, ConflictError, StaleVersionError
from hemascope.inference.bundle import load_bundle
from hemascope.web.accounts.models import User
from hemascope.web.api.wording import worded_error
from hemascope.web.audit.actions import audit_record
from hemascope.web.catalogue.choices import ModelTask, specimen_in_words
from hemascope.web.catalogue.models import Activation
from hemascope.web.catalogue.selectors import installed_bundle, newest_activation


@transaction.atomic
def model_activate(*, by: User, specimen: str, task: str, bundle: str, number: int, reason: str) -> Activation:
    """`number` is that of the activation which the caller saw in force, 0 for none.

    Raises StaleVersionError where somebody was quicker, and ValidationError for a bundle that is not installed, is for
    the other task, or whose file is not the one its manifest names.
    """
    newest = _seen(specimen, task, number)
    activation = _append(by, newest, specimen=specimen, task=task, bundle_name=bundle, reason=reason)
    return _recorded(by, "model.activate", activation, newest)


@transaction.atomic
def model_roll_back(*, by: User, specimen: str, task: str, number: int, reason: str) -> Activation:
    """What was in force before holds again; a second time, what was before that. Raises as `model_activate`.

    Raises ConflictError where nothing else was ever chosen, or where the bundle was replaced on disk meanwhile.
    """
    newest = _seen(specimen, task, number)
    held = (newest.restores or newest) if newest else None
    before = Activation.objects.filter(specimen=specimen, task=task, number=held.number - 1).first() if held else None
    if before is None:
        raise ConflictError(
            _("no other %(task)s model was chosen for %(specimen)s before; activate one by its name")
            % {"task": ModelTask(task).label, "specimen": specimen_in_words(specimen)}
        )
    wanted = before.restores or before
    activation = _append(
        by, newest, specimen=specimen, task=task, bundle_name=wanted.bundle_name, reason=reason, restores=wanted
    )
    if activation.bundle_sha256 != wanted.bundle_sha256:
        raise ConflictError(
            _("'%(name)s' was replaced on disk since it was in use; activate it by its name")
            % {"name": wanted.bundle_name}
        )
    return _recorded(by, "model.roll_back", activation, newest)


def _seen(specimen: str, task: str, number: int) -> Activation | None:
    newest = newest_activation(specimen, task)
    if number != (newest.number if newest else 0):
        raise StaleVersionError(
            _("somebody else chose the %(task)s model for %(specimen)s meanwhile; load the page again")
            % {"task": ModelTask(task).label, "specimen": specimen_in_words(specimen)}
        )
    return newest


def _append(by: User, newest: Activation | None, **values: object) -> Activation:
    activation = Activation(by=by, number=newest.number + 1 if newest else 1, **values)
    try:
        manifest = load_bundle(installed_bundle(activation.bundle_name).folder).manifest
    except BundleError as error:
        raise ValidationError({"bundle": ValidationError(worded_error(error), error.code)}) from error
    if manifest.task != activation.task:
        message = _("This bundle is for %(task)s.") % {"task": ModelTask(manifest.task).label}
        raise ValidationError({"bundle": ValidationError(message, "wrong_task")})
    activation.bundle_version, activation.bundle_sha256 = manifest.version, manifest.onnx_sha256
    activation.full_clean(validate_constraints=False)
    try:
        with transaction.atomic():
            activation.save(force_insert=True)
    except IntegrityError as error:  # two at once: the number is taken
        raise StaleVersionError(_("somebody else chose a model at the same moment; load the page again")) from error
    return activation


def _recorded(by: User, verb: str, activation: Activation, replaced: Activation | None) -> Activation:
    changes = {
        "specimen": activation.specimen,
        "task": activation.task,
        "from": replaced.bundle_name if replaced else None,
        "to": activation.bundle_name,
        "sha256": activation.bundle_sha256,
        "reason": activation.reason,
    }
    audit_record(by=by, verb=verb, subject=activation, changes=changes)
    return activation
