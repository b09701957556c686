"""What lies in the database tells nobody who the patients are."""

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection

from hemascope.errors import SettingsError
from hemascope.web.patients.encryption import decrypt, encrypt
from hemascope.web.patients.models import Patient
from hemascope.web.patients.selectors import patients_found
from web.builders import make_user
from web.patients.builders import IDENTITY, make_patient

pytestmark = pytest.mark.django_db


def raw(patient: Patient) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, id_card, phone FROM patients_patient WHERE id = %s", [patient.pk])
        return dict(zip(IDENTITY, cursor.fetchone(), strict=True))


def test_identity_is_ciphertext_in_the_database_and_text_in_python() -> None:
    patient = make_patient()

    stored = raw(patient)

    assert {field: getattr(Patient.objects.get(), field) for field in IDENTITY} == IDENTITY
    for field, plain in IDENTITY.items():
        assert plain not in stored[field]
        assert decrypt(stored[field]) == plain


def test_same_name_is_stored_differently_each_time() -> None:
    assert raw(make_patient())["name"] != raw(make_patient())["name"]


def test_missing_number_stays_empty() -> None:
    assert raw(make_patient(phone="", id_card="")) | {"name": ""} == {"name": "", "id_card": "", "phone": ""}


@pytest.mark.parametrize("lookup", ["name", "name__icontains", "phone__isnull", "id_card__in"])
def test_filter_by_an_encrypted_column_is_an_error_instead_of_finding_nothing(lookup: str) -> None:
    with pytest.raises(FieldError):
        Patient.objects.filter(**{lookup: "王小明"}).exists()


def test_new_key_encrypts_and_the_old_one_still_opens(settings: object) -> None:
    patient = make_patient()
    old, new = settings.IDENTITY_KEYS[0], Fernet.generate_key().decode()  # type: ignore[attr-defined]

    settings.IDENTITY_KEYS = [new, old]  # type: ignore[attr-defined]

    assert Patient.objects.get(pk=patient.pk).name == IDENTITY["name"]
    assert Fernet(new).decrypt(raw(make_patient())["name"]).decode() == IDENTITY["name"]


def test_rekey_makes_the_old_keys_superfluous(settings: object, capsys: pytest.CaptureFixture[str]) -> None:
    patient, technician = make_patient(), make_user(role="technician")
    old, new = settings.IDENTITY_KEYS[0], Fernet.generate_key().decode()  # type: ignore[attr-defined]
    settings.IDENTITY_KEYS, settings.IDENTITY_INDEX_KEY = [new, old], Fernet.generate_key().decode()  # type: ignore[attr-defined]
    assert not patients_found(Patient.objects.all(), "王小", by=technician).exists()

    call_command("patients_rekey")

    settings.IDENTITY_KEYS = [new]  # type: ignore[attr-defined]
    assert capsys.readouterr().out == "1 patients\n"
    assert patients_found(Patient.objects.all(), "王小", by=technician).get().name == IDENTITY["name"]
    assert Patient.objects.get().version == patient.version


def test_lost_key_is_told_without_telling_the_keys(settings: object) -> None:
    token = encrypt("王小明")
    settings.IDENTITY_KEYS = [Fernet.generate_key().decode()]  # type: ignore[attr-defined]

    with pytest.raises(SettingsError, match="none of the 1 keys in HEMASCOPE_IDENTITY_KEYS opens") as caught:
        decrypt(token)
    assert settings.IDENTITY_KEYS[0] not in str(caught.value)  # type: ignore[attr-defined]
