"""What readers did to cells, step by step. Nothing here is ever changed but `is_undone`."""

from django.db import models
from django.utils import timezone

from hemascope.web.accounts.models import User
from hemascope.web.analyses.models import Cell
from hemascope.web.cases.models import Case
from hemascope.web.reviews.choices import StepVerb


class ReviewStep(models.Model):
    """One request of one reader about one case; the number is that of its audit event, so steps have one order."""

    sequence = models.PositiveBigIntegerField(primary_key=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="review_steps", db_index=False)
    reader = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    verb = models.CharField(max_length=10, choices=StepVerb.choices)
    reverses = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")  # of an undo or redo: the step
    is_undone = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-sequence",)
        indexes = (
            models.Index(fields=["case", "reader", "is_undone"], name="step_undo"),
            models.Index(fields=["reader", "at"], name="step_reader"),
        )

    def __str__(self) -> str:
        return f"{self.verb} {self.sequence}"


class LabelChange(models.Model):
    """One cell of a step: what the reader's columns held before and after, and what the model said at that time."""

    step = models.ForeignKey(ReviewStep, models.PROTECT, related_name="changes")
    cell = models.ForeignKey(Cell, models.PROTECT, related_name="label_changes")
    model_class = models.CharField(max_length=40, blank=True)
    before = models.JSONField()  # `opinions.Opinion`
    after = models.JSONField()
    version = models.PositiveIntegerField()  # of the cell afterwards

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"cell {self.cell_id} in step {self.step_id}"
