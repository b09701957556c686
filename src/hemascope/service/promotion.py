"""Which model is used from now on: promoted when it passed the gate, rolled back when it disappoints."""

import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from hemascope.data.annotations.document import describe_validation, parse_json
from hemascope.errors import BundleError
from hemascope.evaluation.gate import Comparison
from hemascope.inference.bundle import ModelBundle, load_bundle
from hemascope.service.active_models import ActiveModel, HistoryEntry, Task, append_entry, read_history
from hemascope.service.registry import USER_FOLDER_VARIABLE, find_bundle, find_bundle_folder


def promote(name: str, by: str, *, comparison: Path | None, force_reason: str | None = None) -> HistoryEntry:
    """The installed bundle `name` is used for its task when none is named.

    `comparison` is the document of `hemascope models compare` of the model in use (old) and this one (new), passed;
    `force_reason` does without, and is kept. Raises BundleError where neither is given or the document is of others.
    """
    folder = user_folder()
    bundle = load_bundle(find_bundle_folder(name))
    task: Task = bundle.manifest.task
    in_use = load_bundle(find_bundle(None, task))
    if in_use.manifest.digest == bundle.manifest.digest:
        raise BundleError(f"'{name}' is the {task} model in use already")
    if force_reason is not None:
        reason = f"forced: {force_reason}"
    elif comparison is not None:
        _check_passed(comparison, in_use, bundle)
        reason = f"passed {comparison.name}"
    else:
        raise BundleError(
            f"a model is promoted when it passed the gate: run 'hemascope models compare {in_use.manifest.name} {name} "
            "--data VERSION --json FILE' and give --comparison FILE, or --force REASON"
        )
    model = ActiveModel(name=name, digest=bundle.manifest.digest)
    entry = HistoryEntry(action="promote", task=task, model=model, at=_now(), by=by, reason=reason)
    append_entry(folder, entry)
    return entry


def rollback(task: Task, by: str, reason: str) -> HistoryEntry:
    """The model before the one in use is used again. Raises BundleError where nothing was promoted."""
    folder = user_folder()
    stack = read_history(folder).stack(task)
    if not stack:
        raise BundleError(f"no {task} model was promoted: the shipped one is in use, and nothing lies behind it")
    before = stack[-2] if len(stack) > 1 else None
    entry = HistoryEntry(action="rollback", task=task, model=before, at=_now(), by=by, reason=reason)
    append_entry(folder, entry)
    return entry


def user_folder() -> Path:
    """Where own bundles and the history lie. Raises BundleError where none is set."""
    folder = os.environ.get(USER_FOLDER_VARIABLE)
    if not folder:
        raise BundleError(
            f"set {USER_FOLDER_VARIABLE} to the folder of your own bundles: what is in use is noted there"
        )
    return Path(folder)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _check_passed(path: Path, in_use: ModelBundle, candidate: ModelBundle) -> None:
    try:
        verdict = Comparison.model_validate(parse_json(path))
    except ValidationError as error:
        told = describe_validation(error)
        raise BundleError(f"'{path}' is no document of 'hemascope models compare': {told}") from error
    for compared, bundle, role in ((verdict.old, in_use, "in use"), (verdict.new, candidate, "to promote")):
        if compared.digest != bundle.manifest.digest:
            raise BundleError(
                f"'{path}' is about another model ({compared.digest[:12]}...) than the one {role}, "
                f"{bundle.manifest.name} ({bundle.manifest.digest[:12]}...); compare again"
            )
    if not verdict.passed:
        raise BundleError(f"'{path}' says that {candidate.manifest.name} may not replace {in_use.manifest.name}")
