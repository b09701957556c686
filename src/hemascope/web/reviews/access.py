"""Who may see which cells is a question of `analyses.access`; who may see their history follows from it."""

from django.db.models import QuerySet

from hemascope.web.accounts.models import User
from hemascope.web.analyses.access import cells_visible_to
from hemascope.web.analyses.models import Cell


def table_cells_visible_to(person: User) -> QuerySet[Cell]:
    """With what the table of cells shows beside them."""
    return cells_visible_to(person).select_related("field", "case")
