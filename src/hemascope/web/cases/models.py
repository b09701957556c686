"""One specimen of one patient, from its arrival to the signed report."""

import math

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext as _

from hemascope.errors import CountsError
from hemascope.hematology.classification.context import ClinicalContext
from hemascope.web.accounts.models import Department, User
from hemascope.web.api.versions import Versioned
from hemascope.web.api.wording import worded_error
from hemascope.web.cases.choices import CaseState, Specimen, Stain
from hemascope.web.cases.context import clinical_context
from hemascope.web.patients.models import Patient


def finite(value: float) -> None:
    if not math.isfinite(value):
        raise ValidationError(_("A number, not %(value)s.") % {"value": value}, "invalid")


_MEASURED = (MinValueValidator(0), finite)


class Case(Versioned):
    number = models.CharField(max_length=20, unique=True)  # "2026-000123", made by `case_create`
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="cases")
    specimen = models.CharField(max_length=20, choices=Specimen.choices)
    stain = models.CharField(max_length=20, choices=Stain.choices, default=Stain.WRIGHT_GIEMSA)
    collected_on = models.DateField()
    clinical_question = models.TextField(max_length=2000, blank=True)
    # Blood count; None: not stated.
    wbc_e9_per_l = models.FloatField(null=True, blank=True, validators=_MEASURED)
    haemoglobin_g_per_l = models.FloatField(null=True, blank=True, validators=_MEASURED)
    platelets_e9_per_l = models.FloatField(null=True, blank=True, validators=_MEASURED)
    context = models.JSONField(default=dict, blank=True)  # what `clinical_context` takes
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="cases")
    state = models.CharField(max_length=10, choices=CaseState.choices, default=CaseState.NEW)
    # Who is to look at it.
    reader = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="cases"
    )  # who is to look at it
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-number",)
        indexes = (
            models.Index(fields=["state", "collected_on"]),
            models.Index(fields=["reader", "state"]),
            models.Index(fields=["collected_on"]),
            models.Index(fields=["created_at"]),
            models.Index(fields=["updated_at"]),
        )

    def __str__(self) -> str:
        return self.number

    def clean(self) -> None:
        try:
            clinical_context(self.context)
        except CountsError as error:
            raise ValidationError({"context": worded_error(error)}) from error

    @property
    def clinical_context(self) -> ClinicalContext:
        """For the classification tables; the caller adds what only it knows, such as `reviewed`."""
        return clinical_context(self.context)


class CaseCounter(models.Model):
    """One row a year: the last case number given. Locked while the next one is taken."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)
