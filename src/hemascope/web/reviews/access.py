"""Who may see which cells is a question of `analyses.access`; who may see their history follows from it."""

from django.db.models import F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from hemascope.web.accounts.models import User
from hemascope.web.analyses.access import cells_visible_to
from hemascope.web.analyses.models import Cell
from hemascope.web.patients.models import Patient


def table_cells_visible_to(person: User) -> QuerySet[Cell]:
    """With what the table of cells shows beside them, as columns: making three objects a row costs twice the time.

    Names are looked up for the rows of a page and not joined, so that no database begins with the people.
    """
    patients = Patient.objects.filter(pk=OuterRef("case__patient"))
    return cells_visible_to(person).annotate(
        case_number=F("case__number"),
        patient=F("case__patient_id"),
        file_name=F("field__original_name"),
        uploaded_by=F("field__uploaded_by_id"),
        hospital_number=Subquery(patients.values("hospital_number")),
        uploaded_by_name=_name_of("field__uploaded_by"),
        verified_by_name=_name_of("verified_by"),
    )


def _name_of(person: str) -> Subquery:
    """As `str(User)` says it."""
    shown = Coalesce(NullIf("nickname", Value("")), "username")
    return Subquery(User.objects.filter(pk=OuterRef(person)).values_list(shown))
