"""Everything that changes patients. Each change and its audit event are one transaction; no event holds an identity."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from hemascope.errors import ConflictError
from hemascope.web.accounts.models import User
from hemascope.web.api.versions import locked, save_new_version
from hemascope.web.audit.actions import audit_record
from hemascope.web.patients.blind_index import exact_token, name_tokens
from hemascope.web.patients.models import IDENTITY_FIELDS, Patient, SearchToken
from hemascope.web.patients.selectors import keys_of_numbers

_CHUNK = 500  # rows a statement; SQLite allows only so many values in one


@transaction.atomic
def patient_create(*, by: User, **values: Any) -> Patient:
    """In the creator's department unless told otherwise. Raises ValidationError."""
    patient = Patient(created_by=by, **({"department": by.department} | values))
    patient.full_clean()
    patient.save()
    _write_tokens([patient])
    audit_record(by=by, verb="patient.create", subject=patient)
    return patient


@transaction.atomic
def patients_create(*, by: User, patients: Sequence[Patient], source_sha256: str) -> None:
    """Many from one file, checked before by `importing`. Raises IntegrityError where a hospital number is taken."""
    Patient.objects.bulk_create(patients, batch_size=_CHUNK)
    # MySQL does not tell the primary keys of many new rows.
    keys = keys_of_numbers([patient.hospital_number for patient in patients])
    for patient in patients:
        patient.pk = keys[patient.hospital_number]
    _write_tokens(patients)
    audit_record(by=by, verb="patients.import", changes={"count": len(patients), "file_sha256": source_sha256})


@transaction.atomic
def patient_update(*, by: User, patient: Patient, version: int, **changes: Any) -> Patient:
    """Raises StaleVersionError and ValidationError."""
    patient = locked(patient, version)
    for name, value in changes.items():
        setattr(patient, name, value)
    save_new_version(patient)
    if not changes.keys().isdisjoint(IDENTITY_FIELDS):
        patient.tokens.all().delete()
        _write_tokens([patient])
    audit_record(by=by, verb="patient.update", subject=patient, changes={"fields": sorted(changes)})
    return patient


@transaction.atomic
def patient_delete(*, by: User, patient: Patient) -> None:
    """Raises ConflictError while cases hang on the patient: new ones can be deleted first, signed ones never."""
    patient = locked(patient)
    primary_key = patient.pk
    try:
        patient.delete()
    except ProtectedError as error:
        rows = sorted(str(row) for row in error.protected_objects)
        names = _(", ").join(rows[:5]) + (_(" and %(count)s more") % {"count": len(rows) - 5} if len(rows) > 5 else "")
        raise ConflictError(
            _(
                "patient %(number)s has cases: %(cases)s; delete those that are new, what is analysed or "
                "signed stays and so does the patient"
            )
            % {"number": patient.hospital_number, "cases": names}
        ) from error
    patient.pk = primary_key  # Django takes it away, the event names it
    audit_record(by=by, verb="patient.delete", subject=patient, changes={"hospital_number": patient.hospital_number})


@transaction.atomic
def patients_exported(*, by: User, count: int, file_type: str) -> None:
    """Before the file is sent, so that no identity leaves without a trace."""
    audit_record(by=by, verb="patients.export", changes={"count": count, "file_type": file_type})


def patients_rekey() -> int:
    """Encrypts all identities with the newest key and makes their search tokens anew; the number of patients.

    One transaction a patient: people go on working meanwhile, and it may be started again at any time.
    """
    count = 0
    for primary_key in Patient.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            patient = Patient.objects.select_for_update().filter(pk=primary_key).first()
            if patient is None:  # deleted meanwhile
                continue
            patient.save(update_fields=IDENTITY_FIELDS)
            patient.tokens.all().delete()
            _write_tokens([patient])
            count += 1
    with transaction.atomic():
        audit_record(by=None, verb="patients.rekey", changes={"count": count})
    return count


def _write_tokens(patients: Sequence[Patient]) -> None:
    tokens = (SearchToken(patient=patient, token=token) for patient in patients for token in sorted(_tokens(patient)))
    SearchToken.objects.bulk_create(tokens, batch_size=_CHUNK)


def _tokens(patient: Patient) -> set[int]:
    numbers = (exact_token("id_card", patient.id_card), exact_token("phone", patient.phone))
    return name_tokens(patient.name) | {token for token in numbers if token is not None}
