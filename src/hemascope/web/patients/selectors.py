"""Finding patients."""

from django.db.models import Q, QuerySet

from hemascope.web.accounts.models import User
from hemascope.web.api.roles import Right, has_right
from hemascope.web.patients.blind_index import exact_token, name_query_token
from hemascope.web.patients.models import Patient, SearchToken, normal_number


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
