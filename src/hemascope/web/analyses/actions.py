"""Uploading and removing fields, and ordering runs. What runs write is in `results`."""

import hashlib
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hemascope.errors import BundleError, ConflictError, InputError, TooManyFilesError, output_errors
from hemascope.imaging.decode import ImageSource, open_image_in
from hemascope.imaging.quality import assess_quality
from hemascope.service.active_models import Task
from hemascope.service.pictures import quality_sample
from hemascope.web.accounts.models import User
from hemascope.web.analyses.choices import CellOrigin, FieldKind, FieldState
from hemascope.web.analyses.engines import ChosenBundle, choose_bundle
from hemascope.web.analyses.files import keep_thumbnail, keep_upload, new_file_name, remove_files, upload_limits
from hemascope.web.analyses.models import Cell, DetectionRun, Field, ModelRun, RecognitionRun
from hemascope.web.analyses.selectors import open_case_locked
from hemascope.web.analyses.uploads import ReceivedFile, SentFile, copy_limited, received_files
from hemascope.web.api.wording import worded_error
from hemascope.web.audit.actions import audit_record
from hemascope.web.cases.actions import case_change_state
from hemascope.web.cases.choices import CaseState
from hemascope.web.cases.models import Case
from hemascope.web.jobs.actions import job_cancel, job_enqueue
from hemascope.web.jobs.body import JobBody
from hemascope.web.jobs.choices import JobStatus

RunT = TypeVar("RunT", bound=ModelRun)


@dataclass(frozen=True, slots=True)
class UploadOutcome:
    """`status` is created, duplicate or refused; `field` is None where it was refused, and `error` says why."""

    name: str
    status: str
    field: Field | None = None
    error: InputError | None = None


def fields_upload(*, by: User, case: Case, files: Sequence[SentFile], **values: Any) -> list[UploadOutcome]:
    """Each image of the files and archives becomes a field of the case, or is refused alone.

    Raises ConflictError once the case is signed, TooManyFilesError. Takes the values of `field_add`.
    """
    return [_upload_one(by, case, received, values) for received in received_files(files)]


def _upload_one(by: User, case: Case, received: ReceivedFile, values: dict[str, Any]) -> UploadOutcome:
    try:
        field, is_new = field_add(by=by, case=case, received=received, **values)
    except InputError as error:
        return UploadOutcome(received.name, "refused", error=error)
    return UploadOutcome(received.name, "created" if is_new else "duplicate", field)


def field_add(
    *, by: User, case: Case, received: ReceivedFile, kind: str, microns_per_pixel: float | None
) -> tuple[Field, bool]:
    """The field, and whether it is new: the same bytes are kept once a case.

    Not one transaction: files are written and decoded before any lock is taken. Raises InputError for what is no
    usable image, ConflictError once the case is signed, OutputError and FileStoreError.
    """
    field = Field(
        case=case,
        kind=kind,
        file=new_file_name(),
        original_name=received.name,
        microns_per_pixel=microns_per_pixel,
        uploaded_by=by,
    )
    with tempfile.TemporaryFile() as content:
        _receive(field, received, content)
        same = Field.objects.filter(case=case, sha256=field.sha256).first()
        if same is not None:
            return same, False
        with open_image_in(content, received.name, upload_limits()) as source:
            _describe(field, source)
            same = _keep(by, field, content, source)
    return same, same is field


def _receive(field: Field, received: ReceivedFile, content: BinaryIO) -> None:
    digest = hashlib.sha256()
    with received.open() as source, output_errors(Path(tempfile.gettempdir())):

        def write(chunk: bytes) -> None:
            digest.update(chunk)
            content.write(chunk)

        field.bytes = copy_limited(source, write)
    field.sha256 = digest.hexdigest()


def _keep(by: User, field: Field, content: BinaryIO, source: ImageSource) -> Field:
    """As `_insert_field`; the files stay only where the field is the new one."""
    kept = None
    try:
        keep_upload(field, content)
        keep_thumbnail(field, source)
        kept = _insert_field(by, field)
    finally:
        if kept is not field:
            remove_files(field)
    return kept


def _describe(field: Field, source: ImageSource) -> None:
    quality = assess_quality(quality_sample(source))
    field.width, field.height = source.width, source.height
    field.focus, field.brightness, field.contrast = quality.focus, quality.brightness, quality.contrast
    field.quality_flags = list(quality.warnings)
    field.state = FieldState.EXAMINED if field.kind == FieldKind.CROP else FieldState.UPLOADED


@transaction.atomic
def _insert_field(by: User, field: Field) -> Field:
    """The new row, or that of somebody who sent the same file at the same moment."""
    open_case_locked(field.case_id)
    same = Field.objects.filter(case=field.case_id, sha256=field.sha256).first()
    if same is not None:
        return same
    if Field.objects.filter(case=field.case_id).count() >= settings.CASE_MAX_FIELDS:
        message = ngettext(
            "the case has %(limit)s field, which is the limit",
            "the case has %(limit)s fields, which is the limit",
            settings.CASE_MAX_FIELDS,
        )
        raise TooManyFilesError(message % {"limit": settings.CASE_MAX_FIELDS})
    field.full_clean(exclude=["examined_by"])
    field.save()
    changes = {"case": field.case_id, "kind": field.kind, "sha256": field.sha256}
    event = audit_record(by=by, verb="field.upload", subject=field, changes=changes)
    if field.kind == FieldKind.CROP:
        Cell.objects.create(
            case=field.case,
            field=field,
            origin=CellOrigin.CROP,
            x1=0,
            y1=0,
            x2=field.width,
            y2=field.height,
            changed_sequence=event.sequence,
        )
    return field


@transaction.atomic
def field_delete(*, by: User, field: Field) -> None:
    """With its cells and files. Raises ConflictError where a reader worked on one of them, or once it is signed."""
    case = open_case_locked(field.case_id)
    cells = Cell.objects.filter(field=field)
    if cells.filter(version__gt=1).exists() or cells.filter(origin=CellOrigin.READER).exists():
        raise ConflictError(
            _("readers worked on cells of '%(name)s'; delete those cells instead") % {"name": field.original_name}
        )
    audit_record(by=by, verb="field.delete", subject=field, changes={"case": case.pk, "sha256": field.sha256})
    cells.delete()
    # robust: where the bucket is away the files stay, and the field is deleted all the same
    transaction.on_commit(lambda: remove_files(field), robust=True)
    Field.objects.filter(pk=field.pk).delete()
    if case.state == CaseState.ANALYSED and not Field.objects.filter(case=case).exists():
        case_change_state(by=by, case=case, to=CaseState.NEW)


@transaction.atomic
def detection_run_start(
    *,
    by: User,
    case: Case,
    fields: Sequence[Field] = (),
    bundle: str | None = None,
    score_threshold: float | None = None,
    recognise: bool = True,
    recognition_bundle: str | None = None,
) -> DetectionRun:
    """Orders a search for cells in `fields`, or in all of the case that are no ready-made crops.

    A recognition run follows by itself where `recognise` says so. Raises ValidationError, ConflictError once signed.
    """
    from hemascope.web.analyses.tasks import detect_cells  # tasks use actions

    case = open_case_locked(case.pk)
    chosen = list(fields) or list(Field.objects.filter(case=case, kind=FieldKind.FIELD))
    if not chosen or any(field.case_id != case.pk or field.kind != FieldKind.FIELD for field in chosen):
        message = _("Only fields of view of this case, and at least one, can be searched.")
        raise ValidationError({"fields": message})
    run = DetectionRun(case=case, score_threshold=score_threshold)
    if recognise:
        run.recognise_with = _chosen(case, "classification", recognition_bundle, "recognition_bundle").name
    _order(run, by=by, bundle=bundle, task="detection", body=detect_cells)
    run.fields.set(chosen)
    return run


@transaction.atomic
def recognition_run_start(
    *, by: User | None, case: Case, bundle: str | None = None, only_new: bool = False
) -> RecognitionRun:
    """Orders naming the cells of a case. A run for new cells that waits or works already takes those of now with it.

    Raises ValidationError, ConflictError once signed.
    """
    from hemascope.web.analyses.tasks import recognise_cells  # tasks use actions

    case = open_case_locked(case.pk)
    if only_new and bundle is None:
        under_way = (JobStatus.QUEUED, JobStatus.RUNNING)
        run = RecognitionRun.objects.filter(case=case, only_new=True, job__status__in=under_way).first()
        if run is not None:
            return run
    run = RecognitionRun(case=case, only_new=only_new)
    return _order(run, by=by, bundle=bundle, task="classification", body=recognise_cells)


def _order(run: RunT, *, by: User | None, bundle: str | None, task: Task, body: JobBody) -> RunT:
    chosen = _chosen(run.case, task, bundle, "bundle")
    run.bundle_name, run.bundle_version = chosen.name, chosen.manifest.version
    run.bundle_sha256 = chosen.manifest.onnx_sha256
    run.id = uuid.uuid4()
    run.job = job_enqueue(by=by, body=body, arguments={"run_id": run.id})
    run.save()
    changes = {"case": run.case_id, "bundle": run.bundle_name, "sha256": run.bundle_sha256}
    audit_record(by=by, verb=f"{run._meta.model_name}.start", subject=run, changes=changes)
    return run


def _chosen(case: Case, task: Task, bundle: str | None, field: str) -> ChosenBundle:
    try:
        return choose_bundle(case, task, bundle)
    except BundleError as error:
        raise ValidationError({field: worded_error(error)}) from error


def run_cancel(*, by: User, run: RunT) -> RunT:
    """What the run has written so far stays. Raises ConflictError where it has ended."""
    job_cancel(by=by, job=run.job)
    run.refresh_from_db()
    return run
