"""How far the review of a case is, what changed in it, and cells to compare with."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from hemascope.web.accounts.models import User
from hemascope.web.analyses.access import cells_visible_to
from hemascope.web.analyses.choices import UNIDENTIFIED
from hemascope.web.analyses.models import Cell, Field
from hemascope.web.cases.models import Case

_CHANGES_AT_ONCE = 1000
REFERENCES = 12  # of each class
_CANDIDATES = 500


@dataclass(frozen=True, slots=True)
class ClassProgress:
    shown_class: str
    cells: int
    confirmed: int


@dataclass(frozen=True, slots=True)
class CaseProgress:
    """Deleted cells do not count. `sequence` is where the change feed goes on from, `listing` as in `Changes`."""

    classes: tuple[ClassProgress, ...]
    sequence: int
    listing: str

    @property
    def cells(self) -> int:
        return sum(one.cells for one in self.classes)

    @property
    def confirmed(self) -> int:
        return sum(one.confirmed for one in self.classes)

    @property
    def unidentified(self) -> int:
        return sum(one.cells for one in self.classes if one.shown_class == UNIDENTIFIED)


def case_progress(case: Case) -> CaseProgress:
    """Counts of the cells by their shown class."""
    sequence = Cell.objects.filter(case=case).aggregate(last=Max("changed_sequence"))["last"]  # first: misses no change
    listing = _listing(case)
    rows = (
        Cell.objects.filter(case=case, is_deleted=False)
        .order_by()
        .values_list("shown_class")
        .annotate(cells=Count("pk"), confirmed=Count("pk", filter=Q(is_confirmed=True)))
    )
    return CaseProgress(tuple(ClassProgress(*row) for row in sorted(rows)), sequence or 0, listing)


def _listing(case: Case) -> str:
    """Cells come and go as rows only with a field: examined again, or deleted."""
    fields = Field.objects.filter(case=case).aggregate(count=Count("pk"), last=Max("updated_at"))
    return f"{fields['count']} {fields['last']}"


@dataclass(frozen=True, slots=True)
class Changes:
    """`sequence` is what to ask for next; `has_more` that something is left to fetch.

    `listing` is another one once cells were replaced or went with their field: their list has to be read anew.
    """

    cells: list[Cell]
    sequence: int
    has_more: bool
    listing: str


def case_changes(case: Case, since: int) -> Changes:
    """Cells changed after the number `since`, deleted ones too, in the order of their changes.

    About a thousand at once; what one step or run changed comes together.
    """
    later = Cell.objects.filter(case=case, changed_sequence__gt=since).order_by("changed_sequence", "pk")
    last = later.values_list("changed_sequence", flat=True)[_CHANGES_AT_ONCE - 1 : _CHANGES_AT_ONCE].first()
    cells = list(later.filter(changed_sequence__lte=last) if last is not None else later)
    sequence = cells[-1].changed_sequence if cells else since
    has_more = last is not None and later.filter(changed_sequence__gt=sequence).exists()
    return Changes(cells, sequence, has_more, _listing(case))


@dataclass(frozen=True, slots=True)
class ReviewedCells:
    by_me: int
    by_all: int


def reviewed_cells(person: User, since: datetime) -> ReviewedCells:
    """How many cells that the person sees were confirmed since then and still are."""
    cells = cells_visible_to(person).filter(verified_at__gte=since, is_deleted=False)
    return ReviewedCells(**cells.aggregate(by_me=Count("pk", filter=Q(verified_by=person)), by_all=Count("pk")))


def reference_cells(person: User, case: Case, shown_class: str) -> list[Cell]:
    """Confirmed cells of a class from specimens of the same kind, the clearest first.

    Looked for among the clearest `_CANDIDATES` of the installation, so that a million cells answer at once.
    """
    clearest = Cell.objects.filter(
        is_confirmed__in=[True],  # `is_confirmed=True` becomes a bare column, for which no index is used
        shown_class=shown_class,
        is_deleted=False,
    ).order_by("ambiguity")
    ids = list(clearest.values_list("pk", flat=True)[:_CANDIDATES])  # joined to cases, all of the class would be sorted
    seen = cells_visible_to(person).filter(pk__in=ids, case__specimen=case.specimen)
    return list(seen.order_by("ambiguity", "pk")[:REFERENCES])
