"""Who is told a patient's identity: masked for most, and remembered in the audit trail for the others."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.core.cache import cache
from django.db import transaction

from hemascope.web.accounts.models import User
from hemascope.web.api.roles import Right, has_right
from hemascope.web.audit.actions import audit_record
from hemascope.web.patients.models import Patient

AUDITED_EVERY_S = 3600  # the same person and patient again: a page that refreshes itself is one reading


@dataclass(frozen=True, slots=True)
class Identity:
    name: str
    id_card: str
    phone: str
    is_masked: bool


def identities_shown(*, to: User, patients: Collection[Patient]) -> Mapping[int, Identity]:
    """By primary key, as this person may see them. Serializers take identities from here and never from the row."""
    if not has_right(to, Right.PATIENTS_IDENTITY):
        return {patient.pk: _masked(patient) for patient in patients}
    _remember(to, [patient.pk for patient in patients])
    return {patient.pk: Identity(patient.name, patient.id_card, patient.phone, False) for patient in patients}


def names_shown(*, to: User, patients: Collection[Patient]) -> Mapping[int, str]:
    """Only the names, for lists of other things."""
    if not has_right(to, Right.PATIENTS_IDENTITY):
        return {patient.pk: masked_name(patient.name) for patient in patients}
    _remember(to, [patient.pk for patient in patients])
    return {patient.pk: patient.name for patient in patients}


def masked_name(name: str) -> str:
    """The first character; the number of stars tells nothing."""
    return f"{name[:1]}**"


def masked_number(number: str) -> str:
    """The last two digits of an ID-card or phone number; empty where there is none."""
    return f"****{number[-2:]}" if number else ""


def _masked(patient: Patient) -> Identity:
    return Identity(masked_name(patient.name), masked_number(patient.id_card), masked_number(patient.phone), True)


def _remember(person: User, primary_keys: list[int]) -> None:
    known = cache.get_many([_cache_key(person, primary_key) for primary_key in primary_keys])
    new = sorted({primary_key for primary_key in primary_keys if _cache_key(person, primary_key) not in known})
    if not new:
        return
    with transaction.atomic():
        audit_record(by=person, verb="patient.identity", changes={"patients": new})
    cache.set_many({_cache_key(person, primary_key): 1 for primary_key in new}, AUDITED_EVERY_S)


def _cache_key(person: User, primary_key: int) -> str:
    return f"identity-{person.pk}-{primary_key}"
