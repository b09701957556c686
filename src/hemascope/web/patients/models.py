"""Whose specimens are looked at."""

import unicodedata

from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils import timezone

from hemascope.web.accounts.choices import Sex
from hemascope.web.accounts.models import Department, User
from hemascope.web.patients.encryption import EncryptedTextField

IDENTITY_FIELDS = ("name", "id_card", "phone")  # encrypted at rest, masked for most


def normal_hospital_number(number: str) -> str:
    """Upper case and one form of Unicode, because databases disagree on which numbers are equal."""
    return unicodedata.normalize("NFKC", number).strip().upper()


class Patient(models.Model):
    hospital_number = models.CharField(max_length=40, unique=True)
    name = EncryptedTextField(validators=[MaxLengthValidator(100)])
    id_card = EncryptedTextField(blank=True, validators=[MaxLengthValidator(40)])
    phone = EncryptedTextField(blank=True, validators=[MaxLengthValidator(40)])
    sex = models.CharField(max_length=10, choices=Sex.choices, default=Sex.UNSTATED, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    keywords = models.CharField(max_length=200, blank=True)  # searchable by everybody: never an identity
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="patients")
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

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
        self.hospital_number = normal_hospital_number(self.hospital_number)


class SearchToken(models.Model):
    """One text that finds the patient, as a keyed hash: see `blind_index`."""

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="tokens")
    token = models.BigIntegerField()

    class Meta:
        indexes = (models.Index(fields=["token", "patient"]),)
