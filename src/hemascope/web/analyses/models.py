"""What was uploaded for a case, which models examined it, and every cell that was found."""

import uuid
from pathlib import PurePosixPath

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Case as Choose
from django.db.models import Q, Value, When
from django.utils import timezone

from hemascope.web.accounts.models import User
from hemascope.web.analyses.choices import CELL_CLASSES, UNIDENTIFIED, CellOrigin, FieldKind, FieldState
from hemascope.web.cases.models import Case
from hemascope.web.jobs.models import Job

_CLASS_LENGTH = 40


class ModelRun(models.Model):
    """One pass of one model over a case. Status, progress, attempts and the reason of a failure are its job's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="%(class)ss")
    job = models.OneToOneField(Job, models.PROTECT, related_name="%(class)s")
    bundle_name = models.CharField(max_length=100)
    bundle_version = models.CharField(max_length=40)
    bundle_sha256 = models.CharField(max_length=64)  # of the network's file; the run fails where it was replaced since
    cells = models.PositiveIntegerField(default=0)  # found or recognised, when it is done
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
        ordering = ("-created_at",)
        indexes = (models.Index(fields=["case", "created_at"]),)

    def __str__(self) -> str:
        return f"{self.bundle_name} {self.bundle_version} on case {self.case_id}"


class DetectionRun(ModelRun):
    """Looks for cells in `fields`."""

    fields: "models.ManyToManyField[Field, models.Model]" = models.ManyToManyField(
        "Field", related_name="detection_runs"
    )
    score_threshold = models.FloatField(null=True)  # None: those of the bundle
    recognise_with = models.CharField(max_length=100, blank=True)  # bundle of the recognition run that follows


class RecognitionRun(ModelRun):
    """Names the cells of a case, all or only those that no model has named yet."""

    only_new = models.BooleanField(default=False)


class Field(models.Model):
    """One uploaded image. The file is kept as it came, under a name that says nothing; pictures of it are made anew."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="fields")
    kind = models.CharField(max_length=10, choices=FieldKind.choices, default=FieldKind.FIELD)
    file = models.CharField(max_length=100, unique=True)  # in the storage: fields/<2 digits>/<32 digits>
    original_name = models.CharField(max_length=200)  # for people; never part of a path
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField()  # pixels, the camera's rotation applied
    height = models.PositiveIntegerField()
    microns_per_pixel = models.FloatField(null=True, blank=True, validators=[MinValueValidator(0.001)])
    focus = models.FloatField()  # as in `imaging.quality`
    brightness = models.FloatField()
    contrast = models.FloatField()
    quality_flags = models.JSONField(default=list, blank=True)  # codes: blurred, dark, bright, low-contrast
    state = models.CharField(max_length=10, choices=FieldState.choices, default=FieldState.UPLOADED)
    error_message = models.TextField(blank=True)  # why the last run could not examine it
    examined_by = models.ForeignKey(DetectionRun, models.PROTECT, null=True, related_name="+")  # the last run that did
    detected_counts = models.JSONField(default=dict, blank=True)  # class of the detector -> number, red cells too
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["case", "sha256"], name="field_once_a_case"),)

    def __str__(self) -> str:
        return self.original_name

    @property
    def derived_folder(self) -> str:
        """Where the pictures made of it lie in the storage."""
        path = PurePosixPath(self.file)
        return f"derived/{path.parent.name}/{path.name}"


class Cell(models.Model):
    """One nucleated cell: what the models say stands beside what the reader says, and neither overwrites the other.

    The runs of this app write the model's columns, the app `reviews` the reader's.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="cells", db_index=False)  # the field's, for indexes
    field = models.ForeignKey(Field, models.PROTECT, related_name="cells")
    origin = models.CharField(max_length=10, choices=CellOrigin.choices, default=CellOrigin.MODEL)
    x1 = models.FloatField()  # box in pixels of the field
    y1 = models.FloatField()
    x2 = models.FloatField()
    y2 = models.FloatField()

    detection_run = models.ForeignKey(DetectionRun, models.PROTECT, null=True, related_name="+", db_index=False)
    detector_score = models.FloatField(null=True)  # 0..1; None where no detector found it
    recognition_run = models.ForeignKey(RecognitionRun, models.PROTECT, null=True, related_name="+", db_index=False)
    model_class = models.CharField(max_length=_CLASS_LENGTH, blank=True)  # the most probable; empty: not yet asked
    model_score = models.FloatField(null=True)  # its calibrated probability
    runner_up = models.CharField(max_length=_CLASS_LENGTH, blank=True)
    model_probabilities = models.JSONField(default=dict, blank=True)  # class -> probability, those below 0.001 left out
    is_unidentified = models.BooleanField(default=True)  # by the model: below its thresholds, or not yet asked
    ambiguity = models.FloatField(default=1.0)  # 1 minus the lead of the best class over the second

    reader_class = models.CharField(max_length=_CLASS_LENGTH, choices=CELL_CLASSES, blank=True)
    is_confirmed = models.BooleanField(default=False)
    verified_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    verified_at = models.DateTimeField(null=True, blank=True)
    is_deleted = models.BooleanField(default=False)

    shown_class = models.GeneratedField(  # the reader's word, else the model's, else "unidentified"
        expression=Choose(
            When(~Q(reader_class=""), then="reader_class"),
            When(is_unidentified=True, then=Value(UNIDENTIFIED)),
            default="model_class",
        ),
        output_field=models.CharField(max_length=_CLASS_LENGTH),
        db_persist=True,
    )
    version = models.PositiveIntegerField(default=1)
    changed_sequence = models.PositiveBigIntegerField(default=0)  # the audit event of the last change: never goes back
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        indexes = (
            models.Index(fields=["case", "shown_class", "-ambiguity"], name="cell_gallery_of_class"),
            models.Index(fields=["case", "-ambiguity"], name="cell_gallery"),
            models.Index(fields=["case", "changed_sequence"], name="cell_changes"),
            models.Index(fields=["is_confirmed", "shown_class", "ambiguity"], name="cell_references"),
            models.Index(fields=["shown_class", "id"], name="cell_of_class"),
            models.Index(fields=["is_confirmed"], name="cell_confirmed"),
            models.Index(fields=["updated_at"], name="cell_updated"),
            models.Index(fields=["verified_at"], name="cell_verified"),
        )

    def __str__(self) -> str:
        return f"cell {self.pk}"

    @property
    def box_xyxy(self) -> tuple[float, float, float, float]:
        return self.x1, self.y1, self.x2, self.y2
