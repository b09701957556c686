"""Signed reports, which never change, and the settings of the laboratory, of which there is one row."""

from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError as PydanticValidationError
from pydantic_core import ErrorDetails

from hemascope.hematology.settings import ClassificationSettings, DifferentialSettings, M3Numerator, NecMode
from hemascope.web.accounts.models import User
from hemascope.web.api.versions import Versioned
from hemascope.web.cases.models import Case

_COUNTING, _CLASSIFYING = DifferentialSettings(), ClassificationSettings()
# Pydantic's own words, for translation.
_FAULTS = {
    "greater_than": gettext_lazy("Input should be greater than %(gt)g"),
    "greater_than_equal": gettext_lazy("Input should be greater than or equal to %(ge)g"),
    "less_than": gettext_lazy("Input should be less than %(lt)g"),
    "less_than_equal": gettext_lazy("Input should be less than or equal to %(le)g"),
}
M4_PERCENT = [(20, 20), (30, 30)]  # the sources disagree


def _fault(one: ErrorDetails) -> str:
    return _FAULTS[one["type"]] % one["ctx"] if one["type"] in _FAULTS else one["msg"]


class LabSettings(Versioned):
    """What a laboratory may decide; the columns below the first two are those of `hematology.settings`."""

    laboratory = models.CharField(max_length=200, blank=True)  # head of the reports
    max_unreviewed_percent = models.FloatField(  # of all cells, for signing
        default=0, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    confidence = models.FloatField(default=_COUNTING.confidence)
    min_cells_blood = models.PositiveIntegerField(default=_COUNTING.min_cells_blood)
    recommended_cells_blood = models.PositiveIntegerField(default=_COUNTING.recommended_cells_blood)
    min_cells_marrow = models.PositiveIntegerField(default=_COUNTING.min_cells_marrow)
    max_unidentified_percent = models.FloatField(default=_COUNTING.max_unidentified_percent)  # for signing too
    nec_mode = models.CharField(
        max_length=20, choices=[(mode.value, mode.value) for mode in NecMode], default=_COUNTING.nec_mode.value
    )
    me_includes_blasts = models.BooleanField(default=_COUNTING.me_includes_blasts)
    me_includes_monocytes = models.BooleanField(default=_COUNTING.me_includes_monocytes)
    smudge_as_lymphocytes = models.BooleanField(default=_COUNTING.smudge_as_lymphocytes)
    m4_granulocytic_percent = models.PositiveSmallIntegerField(
        choices=M4_PERCENT, default=_CLASSIFYING.m4_granulocytic_percent
    )
    m4_monocytic_percent = models.PositiveSmallIntegerField(
        choices=M4_PERCENT, default=_CLASSIFYING.m4_monocytic_percent
    )
    m3_numerator = models.CharField(
        max_length=20, choices=[(one.value, one.value) for one in M3Numerator], default=_CLASSIFYING.m3_numerator.value
    )
    raeb_t_at_20 = models.BooleanField(default=_CLASSIFYING.raeb_t_at_20)
    withhold_when_straddling = models.BooleanField(default=_CLASSIFYING.withhold_when_straddling)

    def __str__(self) -> str:
        return _("settings of the laboratory")

    def clean(self) -> None:
        try:
            self.classification_settings()
        except PydanticValidationError as error:
            raise ValidationError({str(one["loc"][-1]): _fault(one) for one in error.errors()}) from error

    def classification_settings(self) -> ClassificationSettings:
        """Always asks for reviewed cells: here every label has a person behind it, or is known to have none."""
        counting = {name: getattr(self, name) for name in DifferentialSettings.model_fields}
        own = set(ClassificationSettings.model_fields) - {"counting", "require_review"}
        return ClassificationSettings.model_validate(
            {name: getattr(self, name) for name in own} | {"counting": counting, "require_review": True}
        )


class ReportQuerySet(models.QuerySet["Report"]):
    def update(self, **_values: Any) -> NoReturn:
        raise TypeError("signed reports are never changed: amend the report")

    def delete(self) -> NoReturn:
        raise TypeError("signed reports are never deleted")


class Report(models.Model):
    """One signed version. `document` is a `SignedReport` as JSON; its hash is in the audit trail as well."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="reports")
    number = models.PositiveIntegerField()  # 1: the first, then its amendments
    document = models.TextField()
    sha256 = models.CharField(max_length=64)
    reason = models.TextField(max_length=2000, blank=True)
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(default=timezone.now)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=["case", "number"], name="report_number"),)
        indexes = (models.Index(fields=["signed_at"]),)

    def __str__(self) -> str:
        return f"{self.case.number}-{self.number}"

    @property
    def replaced_by(self) -> int | None:
        """Number of the version that is valid instead; None where this one is."""
        newest = max(report.number for report in self.case.reports.all())
        return newest if newest > self.number else None

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"report {self} is signed and never changed: amend it")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError(f"report {self} is signed and never deleted")
