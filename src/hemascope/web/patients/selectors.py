"""Finding patients."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from hemascope.web.accounts.models import User
from hemascope.web.api.roles import Right, has_right
from hemascope.web.patients.blind_index import exact_token, name_query_token
from hemascope.web.patients.models import Patient, SearchToken, normal_number

_CHUNK = 500  # numbers a statement; SQLite allows only so many values in one


def patients_found(patients: QuerySet[Patient], text: str, *, by: User) -> QuerySet[Patient]:
    """By the beginning of the hospital number or of a word of the name, a part of the keywords, the whole ID-card or
    phone number; by identity only for those who may see it, because else they could guess.
    """
    found = Q(hospital_number__startswith=normal_number(text)) | Q(keywords__icontains=text.strip())
    if has_right(by, Right.PATIENTS_IDENTITY):
        tokens = [name_query_token(text), exact_token("id_card", text), exact_token("phone", text)]
        wanted = [token for token in tokens if token is not None]
        found |= Q(pk__in=SearchToken.objects.filter(token__in=wanted).values("patient"))
    return patients.filter(found)


def keys_of_numbers(hospital_numbers: Sequence[str]) -> dict[str, int]:
    """The primary key of every patient who has one of these numbers, in whichever department."""
    keys: dict[str, int] = {}
    for start in range(0, len(hospital_numbers), _CHUNK):
        rows = Patient.objects.filter(hospital_number__in=hospital_numbers[start : start + _CHUNK])
        keys |= dict(rows.values_list("hospital_number", "pk"))
    return keys
