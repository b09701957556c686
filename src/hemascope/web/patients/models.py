"""Whose specimens are looked at."""

import unicodedata
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from hemascope.web.accounts.choices import Sex
from hemascope.web.accounts.models import Department, User
from hemascope.web.api.versions import Versioned
from hemascope.web.patients.encryption import EncryptedTextField

IDENTITY_FIELDS = ("name", "id_card", "phone")  # encrypted at rest, masked for most


_EARLIEST_BIRTH = date(1880, 1, 1)

_printable = RegexValidator(
    r"[\x00-\x1f\x7f]", _("Line breaks and other invisible characters are not allowed."), inverse_match=True
)
_number = RegexValidator(
    r"\A[\w()-]*\Z",
    _(
        "An ID-card number has letters, digits, hyphens and brackets. If a spreadsheet shows it like 1.1E+17, its last "
        "digits are lost: format the column as text and enter it again."
    ),
)


def normal_number(number: str) -> str:
    """Upper case and one form of Unicode, because databases disagree on which numbers are equal."""
    return unicodedata.normalize("NFKC", number).strip().upper()


def plausible_birth_date(birth_date: date) -> None:
    if not _EARLIEST_BIRTH <= birth_date <= date.today():
        values = {"earliest": _EARLIEST_BIRTH, "birth_date": birth_date}
        raise ValidationError(_("Born between %(earliest)s and today, not on %(birth_date)s.") % values, "implausible")


class Patient(Versioned):
    hospital_number = models.CharField(
        max_length=40,
        unique=True,
        validators=[_printable],
        error_messages={"unique": _("Patient with this Hospital number already exists.")},
    )
    name = EncryptedTextField(validators=[MaxLengthValidator(100), _printable])
    id_card = EncryptedTextField(blank=True, validators=[MaxLengthValidator(40), _number])
    phone = EncryptedTextField(blank=True, validators=[MaxLengthValidator(40), _printable])
    sex = models.CharField(max_length=10, choices=Sex.choices, default=Sex.UNSTATED, blank=True)
    birth_date = models.DateField(null=True, blank=True, validators=[plausible_birth_date])
    # Searchable by everybody: never an identity.
    keywords = models.CharField(max_length=200, blank=True, validators=[_printable])
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="patients")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("hospital_number",)
        indexes = (
            models.Index(fields=["birth_date"]),
            models.Index(fields=["created_at"]),
            models.Index(fields=["updated_at"]),
        )

    def __str__(self) -> str:
        return self.hospital_number

    def clean(self) -> None:
        self.hospital_number = normal_number(self.hospital_number)
        self.id_card = normal_number(self.id_card)


class SearchToken(models.Model):
    """One text that finds the patient, as a keyed hash: see `blind_index`."""

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="tokens")
    token = models.BigIntegerField()

    class Meta:
        indexes = (models.Index(fields=["token", "patient"]),)
